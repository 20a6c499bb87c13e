import DataPlaneAPI
import HTTPKit
import NIOCore

/// The end of the chain: passes every exchange on to the upstream.
package final class UpstreamHandler: ExchangeHandler {
    private let pool: OriginPool?
    private let rules: ForwardingRules?

    /// Creates the handler; without a pool it answers 404, because nobody else is asked.
    ///
    /// - Parameter rules: those of the upstream.
    package init(pool: OriginPool?, rules: ForwardingRules?) {
        self.pool = pool
        self.rules = rules
    }

    /// Passes the exchange on.
    package func handle(_ exchange: Exchange) {
        exchange.handledBy = .upstream
        guard let pool, let rules else {
            return exchange.respond(
                GatewayError(.notFound, "nothing serves this path, and no --upstream is configured to ask"))
        }
        // What is about the upstream's own API lies below its base path, however the client wrote it.
        var outgoing = OutgoingRequest(rules)
        if exchange.isUpstreamsAPI, !pool.origin.basePath.isEmpty {
            outgoing.target = exchange.request.withTarget { pool.origin.target("") + $0 }
        }
        pool.forward(exchange, outgoing)
    }
}
