import HTTPKit
import NIOCore
import NIOPosix

/// The handler chain of each event loop, shared by all listeners for users.
final class LoopChains: Sendable {
    private let chains: [ObjectIdentifier: NIOLoopBound<Parts>]

    /// One loop's.
    struct Parts {
        let chain: any ExchangeHandler
        let counters: LoopCounters
    }

    /// Makes the chains, each on its loop.
    init(_ group: MultiThreadedEventLoopGroup, _ parts: ChainParts) async throws {
        var made: [ObjectIdentifier: NIOLoopBound<Parts>] = [:]
        for loop in group.makeIterator() {
            made[ObjectIdentifier(loop)] = try await loop.submit {
                NIOLoopBound(
                    Parts(chain: Chain.make(loop, parts), counters: parts.metrics.counters(for: loop, log: parts.log)),
                    eventLoop: loop)
            }.get()
        }
        chains = made
    }

    /// The chain of a loop, nil for a loop of another group; call on that loop.
    func parts(_ loop: any EventLoop) -> Parts? { chains[ObjectIdentifier(loop)]?.value }
}
