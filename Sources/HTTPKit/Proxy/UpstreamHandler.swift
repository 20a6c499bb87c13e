import DataPlaneAPI
import NIOCore

/// The end of the chain: passes every exchange on to the upstream.
package final class UpstreamHandler: ExchangeHandler {
    private let pool: UpstreamPool?

    /// Creates the handler; without a pool it answers 404, because nobody else is asked.
    package init(pool: UpstreamPool?) {
        self.pool = pool
    }

    /// Passes the exchange on.
    package func handle(_ exchange: Exchange) {
        exchange.handledBy = .upstream
        guard let pool else {
            return exchange.respond(
                GatewayError(.notFound, "nothing serves this path, and no --upstream is configured to ask"))
        }
        // What is about the upstream's own API lies below its base path, however the client wrote it.
        if exchange.isUpstreamsAPI, !pool.endpoint.basePath.isEmpty {
            return pool.ask(
                exchange, UpstreamCall(target: exchange.request.withTarget { pool.endpoint.target("") + $0 }))
        }
        pool.forward(exchange)
    }
}
