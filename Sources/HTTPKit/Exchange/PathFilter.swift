import DataPlaneAPI

/// Refuses paths that are not what they seem, before any handler looks at them.
package final class PathFilter: ExchangeHandler {
    private let owned: OwnedPrefixes
    private let base: [UInt8]
    private let next: any ExchangeHandler

    /// A filter.
    ///
    /// - Parameters:
    ///   - owned: what the gateway answers itself, below the base path too.
    ///   - base: the path that the upstream lies below; what is sent below it is read without it.
    ///   - next: the first handler.
    package init(owned: OwnedPrefixes, base: String = "", next: any ExchangeHandler) {
        self.owned = owned
        self.base = Array(base.utf8)
        self.next = next
    }

    /// Answers 400 or hands on.
    package func handle(_ exchange: Exchange) {
        // Almost every path is plain; those are what they seem.
        if exchange.request.withPath(Self.isUnusual), let refusal = refusal(exchange.path) {
            return exchange.respond(refusal)
        }
        if !base.isEmpty { exchange.enter(base) }
        next.handle(exchange)
    }

    private func refusal(_ path: CanonicalPath) -> GatewayError? {
        if owned.contains(path) {
            if let refusal = path.refusal { return refusal }
            // Handlers look for their prefixes byte by byte: `/%61pis` would get past them to the upstream.
            return owned.containsLiterally(path.raw) ? nil : Self.disguised
        }
        return owned.isEscapedTo(by: path) ? Self.disguised : nil
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
