import HTTPKit

/// A chain of one closure.
package final class ClosureHandler: ExchangeHandler {
    private let body: (Exchange) -> Void

    package init(_ body: @escaping (Exchange) -> Void) { self.body = body }

    package func handle(_ exchange: Exchange) { body(exchange) }
}
