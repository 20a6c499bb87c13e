import Bytes
import Crypto
import DataPlaneAPI
import NIOCore

/// The opening handshake of RFC 6455 section 4, the server's side.
package struct WebSocketHandshake: Sendable, Equatable {
    /// The only version there is.
    package static let version = "13"

    /// The value of `Sec-WebSocket-Accept`.
    package let accept: String
    /// The sub-protocol that was chosen; nil when the client offers none that is served.
    package let subprotocol: String?

    /// Whether a request asks to go on as a WebSocket.
    package static func isRequested(by request: RequestHead) -> Bool {
        request.wantsUpgrade && request.headers.has(.upgrade, token: "websocket")
    }

    /// Checks the handshake of a request.
    ///
    /// - Parameter subprotocols: what is served, best first; the client's own order counts for nothing.
    /// - Throws: 405, 400, or 426 when the client speaks another version.
    package init(_ request: RequestHead, subprotocols: [String] = []) throws(GatewayError) {
        guard request.method == .get else {
            throw .methodNotAllowed(request.methodText, allow: ["GET"])
        }
        guard Self.isRequested(by: request), !request.isHTTP10, request.body == .none else {
            throw GatewayError(
                .badRequest,
                "a WebSocket begins with GET, HTTP/1.1, Upgrade: websocket, Connection: Upgrade and no body")
        }
        guard Self.only("sec-websocket-version", request) == Self.version else {
            throw GatewayError(.upgradeRequired, "only WebSocket version 13 is served (header Sec-WebSocket-Version)")
        }
        guard let key = Self.only("sec-websocket-key", request), Base64.decode(key)?.count == 16 else {
            throw GatewayError(.badRequest, "Sec-WebSocket-Key must be given once, 16 bytes in base64")
        }
        accept = Self.accept(for: key)
        let offered = Self.offers(request)
        subprotocol = subprotocols.first { offered.contains($0) }
    }

    /// The answer to a key (RFC 6455 section 4.2.2).
    static func accept(for key: String) -> String {
        // The protocol's choice; it protects nothing.
        Base64.encode(Array(Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))))
    }

    /// The value of a field that may be there once only.
    private static func only(_ name: StaticString, _ request: RequestHead) -> String? {
        let found = request.headers.fields.filter { field in
            request.headers.withName(field) { $0.equalsIgnoringCase(name) }
        }
        guard found.count == 1, let field = found.first else { return nil }
        return request.headers.value(field)
    }

    private static func offers(_ request: RequestHead) -> [String] {
        request.headers.fields
            .filter { field in request.headers.withName(field) { $0.equalsIgnoringCase("sec-websocket-protocol") } }
            .flatMap { request.headers.value($0).split(separator: ",") }
            .map { $0.drop { $0 == " " || $0 == "\t" } }
            .map { String($0.prefix { $0 != " " && $0 != "\t" }) }
    }

    /// Writes the fields of the 101.
    func writeFields(into head: inout FieldWriter) {
        head.add("Upgrade", fixed: "websocket")
        head.add("Sec-WebSocket-Accept", accept)
        if let subprotocol { head.add("Sec-WebSocket-Protocol", subprotocol) }
    }
}

extension Exchange {
    /// Refuses a handshake; a 426 names the version that is served, as RFC 6455 section 4.4 asks.
    package func refuseWebSocket(_ error: GatewayError) {
        guard error.code == .upgradeRequired, !isResponseStarted else { return respond(error) }
        self.error = error
        let body = ByteBuffer(bytes: StatusBody.failure(error))
        respond(error.httpStatus, contentType: "application/json", body: body) { head in
            head.add("Sec-WebSocket-Version", WebSocketHandshake.version)
        }
    }
}
