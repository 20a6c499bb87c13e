import DataPlaneAPI

/// Refuses paths that are not what they seem, before any handler looks at them.
package final class PathFilter: ExchangeHandler {
    private let owned: OwnedPrefixes
    private let next: any ExchangeHandler

    /// A filter.
    ///
    /// - Parameters:
    ///   - owned: what the gateway answers itself.
    ///   - next: the first handler.
    package init(owned: OwnedPrefixes, next: any ExchangeHandler) {
        self.owned = owned
        self.next = next
    }

    /// Answers 400 or hands on.
    package func handle(_ exchange: Exchange) {
        // Almost every path is plain; those are what they seem.
        guard exchange.request.withPath(Self.isUnusual) else { return next.handle(exchange) }
        let path = exchange.path
        if owned.contains(path) {
            if let refusal = path.refusal { return exchange.respond(refusal) }
            // Handlers look for their prefixes byte by byte: `/%61pis` would get past them to the upstream.
            guard owned.containsLiterally(path.raw) else { return exchange.respond(Self.disguised) }
        } else if owned.isEscapedTo(by: path) {
            return exchange.respond(Self.disguised)
        }
        next.handle(exchange)
    }

    private static var disguised: GatewayError {
        GatewayError(
            .badRequest,
            "the path is written so that it may be read as one below a prefix of this gateway; "
                + "send it without escapes, dot segments and double slashes")
    }

    private static func isUnusual(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: ";") { return true }
            if previous == UInt8(ascii: "/"), byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return true }
            previous = byte
        }
        return false
    }
}
