import DataPlaneAPI
import HTTPKit
import NIOCore

/// An exchange about which somebody is asked: it waits, not for ever, and not for a client that has left.
final class AskedExchange: ExchangeOwner {
    /// For all questions about one request together, seconds.
    static let deadline: Int64 = 10

    private let exchange: Exchange
    private var then: ((Verdict) -> Void)?
    private var timer: Scheduled<Void>?

    /// Takes the exchange.
    init(_ exchange: Exchange, _ then: @escaping (Verdict) -> Void) {
        self.exchange = exchange
        self.then = then
        exchange.take(self)
        timer = exchange.loop.assumeIsolated().scheduleTask(in: .seconds(Self.deadline)) { [self] in
            settle(
                .refused(
                    GatewayError(
                        .serviceUnavailable, "whether this is allowed could not be found out in time; try again later",
                        retryAfterSeconds: 1)))
        }
    }

    /// Whether the answer is still waited for.
    var isOpen: Bool { then != nil }

    /// Gives the exchange back with the verdict; the first counts.
    func settle(_ verdict: Verdict) {
        guard let then else { return }
        close()
        exchange.letGo()
        then(verdict)
    }

    func exchangeAborted() { close() }

    private func close() {
        then = nil
        timer?.cancel()
        timer = nil
    }
}
