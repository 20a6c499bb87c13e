/// What went wrong, in the words of HTTP and Kubernetes.
///
/// Every code has exactly one row in the table below; status line, `Status` body, log field and metric label all come
/// from that row, so they can't disagree.
package enum ErrorCode: String, Sendable, Hashable, CaseIterable {
    case badRequest
    case unauthorized
    case forbidden
    case notFound
    case methodNotAllowed
    case notAcceptable
    case requestTimeout
    case conflict
    case alreadyExists
    case gone
    case expired
    case preconditionFailed
    case payloadTooLarge
    case uriTooLong
    case unsupportedMediaType
    case expectationFailed
    case misdirectedRequest
    case invalid
    case upgradeRequired
    case tooManyRequests
    case headerTooLarge
    case clientClosedRequest
    case internalError
    case serverTimeout
    case notImplemented
    case badGateway
    case serviceUnavailable
    case gatewayTimeout
    case httpVersionNotSupported
    case insufficientStorage

    /// One row of the table: everything that is derived from a code.
    package struct Row: Sendable, Hashable {
        /// The HTTP status number, also `code` of the `Status` body.
        package var status: Int
        /// The Kubernetes `reason`; Kubernetes' own word where it has one.
        package var reason: String
        /// The value of the metric label `code`; a fixed set, safe for cardinality.
        package var label: String
    }

    /// The row of the table for this code.
    package var row: Row {
        switch self {
        case .badRequest: Row(400, "BadRequest", "bad_request")
        case .unauthorized: Row(401, "Unauthorized", "unauthorized")
        case .forbidden: Row(403, "Forbidden", "forbidden")
        case .notFound: Row(404, "NotFound", "not_found")
        case .methodNotAllowed: Row(405, "MethodNotAllowed", "method_not_allowed")
        case .notAcceptable: Row(406, "NotAcceptable", "not_acceptable")
        case .requestTimeout: Row(408, "Timeout", "request_timeout")
        case .conflict: Row(409, "Conflict", "conflict")
        case .alreadyExists: Row(409, "AlreadyExists", "already_exists")
        case .gone: Row(410, "Gone", "gone")
        case .expired: Row(410, "Expired", "expired")
        case .preconditionFailed: Row(412, "PreconditionFailed", "precondition_failed")
        case .payloadTooLarge: Row(413, "RequestEntityTooLarge", "payload_too_large")
        case .uriTooLong: Row(414, "URITooLong", "uri_too_long")
        case .unsupportedMediaType:
            Row(415, "UnsupportedMediaType", "unsupported_media_type")
        case .expectationFailed: Row(417, "ExpectationFailed", "expectation_failed")
        case .misdirectedRequest: Row(421, "MisdirectedRequest", "misdirected_request")
        case .invalid: Row(422, "Invalid", "invalid")
        case .upgradeRequired: Row(426, "UpgradeRequired", "upgrade_required")
        case .tooManyRequests: Row(429, "TooManyRequests", "too_many_requests")
        case .headerTooLarge:
            Row(431, "RequestHeaderFieldsTooLarge", "header_too_large")
        case .clientClosedRequest: Row(499, "ClientClosedRequest", "client_closed_request")
        case .internalError: Row(500, "InternalError", "internal_error")
        case .serverTimeout: Row(500, "ServerTimeout", "server_timeout")
        case .notImplemented: Row(501, "NotImplemented", "not_implemented")
        case .badGateway: Row(502, "BadGateway", "bad_gateway")
        case .serviceUnavailable: Row(503, "ServiceUnavailable", "service_unavailable")
        case .gatewayTimeout: Row(504, "Timeout", "gateway_timeout")
        case .httpVersionNotSupported:
            Row(505, "HTTPVersionNotSupported", "http_version_not_supported")
        case .insufficientStorage: Row(507, "InsufficientStorage", "insufficient_storage")
        }
    }

    /// The HTTP status number.
    package var httpStatus: Int { row.status }

    /// The code for an HTTP status that somebody else (plugin, backend) chose; the nearest general code if unknown.
    ///
    /// Numbers that aren't errors at all (below 400, above 599) mean a broken answer: `badGateway`.
    package init(httpStatus: Int) {
        switch httpStatus {
        case 409: self = .conflict
        case 410: self = .expired
        case 500: self = .internalError
        default:
            if let exact = Self.allCases.first(where: { $0.httpStatus == httpStatus }) {
                self = exact
            } else if (400..<500).contains(httpStatus) {
                self = .badRequest
            } else if (500..<600).contains(httpStatus) {
                self = .internalError
            } else {
                self = .badGateway
            }
        }
    }
}

extension ErrorCode.Row {
    fileprivate init(_ status: Int, _ reason: String, _ label: String) {
        self.init(status: status, reason: reason, label: label)
    }
}
