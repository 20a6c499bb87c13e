import Bytes
import DataPlaneAPI

/// A complete answer.
struct APIResponse: Sendable {
    /// The status number.
    var status = 200
    /// The body's media type; nil for no body.
    var contentType: String? = "application/json"
    /// The body.
    var body: [UInt8] = []
    /// Texts of `Warning` fields.
    var warnings: [String] = []
    /// Further header fields that replace `Cache-Control: no-cache, private` when they name it.
    var fields: [Field] = []
    /// The error in it, for the access log.
    var error: GatewayError?

    /// A header field.
    enum Field: Sendable {
        case etag(String)
        case cacheControl(String)
        case vary(String)
        case expires(String)
        case location(String)
        case noSniff
    }

    /// An answer with a JSON body.
    static func json(_ value: JSONValue, status: Int = 200, pretty: Bool = false) -> APIResponse {
        var body = value.bytes(pretty ? .indented : .compact)
        body.append(0x0A)
        return APIResponse(status: status, body: body)
    }

    /// An answer with a text.
    static func text(_ text: String, status: Int = 200) -> APIResponse {
        APIResponse(
            status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8), fields: [.noSniff])
    }

    /// An error as a `Status`.
    static func failure(_ error: GatewayError) -> APIResponse {
        APIResponse(status: error.httpStatus, body: StatusBody.failure(error), error: error)
    }

    /// The texts as they stand in `Warning` fields: quoted, without control characters, bounded.
    var warningFields: [String] {
        let total = warnings.reduce(0) { $0 + $1.unicodeScalars.count }
        return warnings.map { warning in
            var text = ""
            for scalar in warning.unicodeScalars.prefix(total > 4_096 ? 256 : 4_096) {
                if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
                if scalar.value >= 0x20, scalar.value != 0x7F { text.unicodeScalars.append(scalar) }
            }
            return "299 - \"\(text)\""
        }
    }
}
