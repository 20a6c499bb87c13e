import DataPlaneAPI
import NIOCore

extension Exchange {
    /// Answers at once with a complete body.
    ///
    /// - Parameters:
    ///   - status: the status number.
    ///   - contentType: the body's media type; nil for none.
    ///   - body: the body; left out for HEAD, its length is stated all the same.
    ///   - fields: writes further header fields.
    package func respond(
        _ status: Int, contentType: String?, body: ByteBuffer, fields: (inout FieldWriter) -> Void = { _ in }
    ) {
        let length = body.readableBytes
        let hasBody = request.method != .head && status != 204 && status != 304 && length > 0
        start(
            status: status, body: hasBody ? .known(length) : .none,
            statedLength: status == 204 || status == 304 ? nil : length
        ) { head in
            if let contentType { head.add("Content-Type", contentType) }
            head.addDate()
            fields(&head)
        }
        if hasBody { write(body) }
        end()
    }

    /// Answers with an error as a Kubernetes `Status`; cuts the connection when an answer has already begun.
    package func respond(_ error: GatewayError) {
        self.error = error
        guard !isResponseStarted else { return abort() }
        let body = ByteBuffer(bytes: StatusBody.failure(error))
        respond(error.httpStatus, contentType: "application/json", body: body) { head in
            if let seconds = error.retryAfterSeconds { head.add("Retry-After", String(seconds)) }
            // RFC 9110 section 15.5.2 wants a challenge with every 401.
            if error.code == .unauthorized { head.add("WWW-Authenticate", fixed: "Bearer realm=\"dataplane-gateway\"") }
            if !error.allow.isEmpty { head.add("Allow", error.allow.joined(separator: ", ")) }
            head.add("Cache-Control", fixed: "no-cache, private")
        }
    }
}
