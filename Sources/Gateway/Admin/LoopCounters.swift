import HTTPKit
import NIOCore

/// The counters of one event loop: written there without a lock, read there at a scrape.
final class LoopCounters: ExchangeObserver {
    /// Numbers by handler, and by status.
    struct Values: Sendable {
        /// Requests, by `HandlerName.index` and status.
        var requests: [[Int]] = []
        /// Time, by `HandlerName.index`.
        var nanoseconds: [Int64] = []

        /// Connections that ended before their TLS handshake was done.
        var failedHandshakes = 0

        /// Makes room for a handler that answers for the first time.
        mutating func extend(to count: Int) {
            while requests.count < count {
                requests.append([Int](repeating: 0, count: 600))
                nanoseconds.append(0)
            }
        }

        mutating func add(_ other: Values) {
            extend(to: other.requests.count)
            for handler in other.requests.indices {
                for status in requests[handler].indices {
                    requests[handler][status] &+= other.requests[handler][status]
                }
                nanoseconds[handler] &+= other.nanoseconds[handler]
            }
            failedHandshakes &+= other.failedHandshakes
        }
    }

    private(set) var values = Values()
    private let log: AccessLog?
    private var refusals = RefusalBudget()

    init(log: AccessLog?) {
        self.log = log
    }

    func finished(_ exchange: Exchange) {
        let elapsed = (NIODeadline.now() - exchange.started).nanoseconds
        // An upstream may choose any three digits; what isn't in the table counts as the last of it.
        let status = min(max(0, exchange.status), 599)
        let handler = exchange.handledBy.index
        values.extend(to: handler + 1)
        values.requests[handler][status] &+= 1
        values.nanoseconds[handler] &+= elapsed
        log?.write(exchange, nanoseconds: elapsed, refusals: &refusals)
    }

    func handshakeFailed(_ peer: Peer, _ why: String) {
        values.failedHandshakes &+= 1
        log?.handshakeFailed(peer, why)
    }
}
