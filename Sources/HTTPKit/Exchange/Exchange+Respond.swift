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
        _ status: Int, contentType: String?, body: ByteBuffer, fields: (inout ByteBuffer) -> Void = { _ in }
    ) {
        let length = body.readableBytes
        let hasBody = request.method != .head && status != 204 && status != 304 && length > 0
        start(
            status: status, framing: hasBody ? .length(length) : .none,
            statedLength: status == 204 || status == 304 ? nil : length
        ) { head in
            if let contentType { head.writeField("Content-Type", contentType) }
            writeDate(into: &head)
            fields(&head)
        }
        if hasBody { write(body) }
        end()
    }

    /// Writes the `Date` field, for answers that the gateway itself makes.
    package func writeDate(into head: inout ByteBuffer) {
        if let connection { head.writeBytes(connection.context.dateField) }
    }

    /// Answers with an error as a Kubernetes `Status`; cuts the connection when an answer has already begun.
    package func respond(_ error: GatewayError) {
        self.error = error
        guard !isResponseStarted else { return abort() }
        let body = ByteBuffer(bytes: StatusBody.failure(error))
        respond(error.httpStatus, contentType: "application/json", body: body) { head in
            if let seconds = error.retryAfterSeconds { head.writeField("Retry-After", String(seconds)) }
            // RFC 9110 section 15.5.2 wants a challenge with every 401.
            if error.code == .unauthorized { head.writeField("WWW-Authenticate", "Bearer realm=\"dataplane-gateway\"") }
            if !error.allow.isEmpty { head.writeField("Allow", error.allow.joined(separator: ", ")) }
            head.writeField("Cache-Control", "no-cache, private")
        }
    }
}

extension ByteBuffer {
    /// Writes one header field; control characters in the value become spaces, so that no value can add a field.
    package mutating func writeField(_ name: StaticString, _ value: String) {
        writeStaticString(name)
        writeStaticString(": ")
        writeString(value)
        withUnsafeMutableReadableBytes { bytes in
            let begin = bytes.count - (value.utf8.count)
            guard begin >= 0 else { return }
            for index in begin..<bytes.count where bytes[index] < 0x20 || bytes[index] == 0x7F { bytes[index] = 0x20 }
        }
        writeStaticString("\r\n")
    }
}
