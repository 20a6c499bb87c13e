import HTTPKit
import NIOCore
import NIOPosix

/// What serves on an event loop, shared by all listeners for users.
struct LoopChain {
    let chain: any ExchangeHandler
    let counters: LoopCounters

    /// Makes that of a loop; call on it.
    init(_ loop: any EventLoop, _ parts: ChainParts) {
        chain = Chain.make(loop, parts)
        counters = parts.metrics.counters(for: loop, log: parts.log)
    }
}
