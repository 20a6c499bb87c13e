import DataPlaneAPI

extension HTTPParseError {
    /// The answer to a client whose request could not be read.
    var asClientError: GatewayError {
        switch self {
        case .malformed(let what): GatewayError(.badRequest, "malformed HTTP request: \(what)")
        case .headTooLarge(let limit):
            GatewayError(
                .headerTooLarge,
                "the request head is larger than the limit of \(limit) bytes (setting request-head-limit)")
        case .tooManyFields(let limit):
            GatewayError(
                .headerTooLarge,
                "the request has more than the limit of \(limit) header fields (setting request-fields-limit)")
        case .targetTooLong(let limit):
            GatewayError(
                .uriTooLong,
                "the request target is longer than the limit of \(limit) bytes (setting request-target-limit)")
        case .version: GatewayError(.httpVersionNotSupported, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        case .transferCoding:
            GatewayError(
                .notImplemented, "the only transfer coding accepted is chunked; send Transfer-Encoding: chunked")
        case .expectation:
            GatewayError(.expectationFailed, "the only expectation supported is 100-continue")
        }
    }

    /// What is wrong with a server's answer, for a 502.
    package var asServerFault: String {
        switch self {
        case .malformed(let what): "malformed HTTP answer: \(what)"
        case .headTooLarge(let limit): "answer head larger than \(limit) bytes"
        case .tooManyFields(let limit): "answer with more than \(limit) header fields"
        case .targetTooLong, .expectation: "malformed HTTP answer"
        case .version: "HTTP version not supported"
        case .transferCoding: "transfer coding other than chunked"
        }
    }
}
