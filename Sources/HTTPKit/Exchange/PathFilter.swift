import DataPlaneAPI

/// Refuses paths that are not what they seem, before any handler looks at them.
package final class PathFilter: ExchangeHandler {
    private let rules: PathRules
    private let next: any ExchangeHandler

    /// A filter.
    ///
    /// - Parameter next: the first handler.
    package init(_ rules: PathRules, next: any ExchangeHandler) {
        self.rules = rules
        self.next = next
    }

    /// Answers 400 or hands on.
    package func handle(_ exchange: Exchange) {
        // Almost every path is plain; those are what they seem.
        if exchange.request.withPath(Self.isUnusual), let refusal = rules.refusal(exchange.path) {
            return exchange.respond(refusal)
        }
        rules.enter(exchange)
        next.handle(exchange)
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
