import DataPlaneAPI
import HTTPKit
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Synchronization

/// Work that is too long for an event loop: runs on a pool and streams its text to an exchange, chunk by chunk.
///
/// The worker waits when the client doesn't keep up, so at most a few chunks exist at a time. Only some workers may wait:
/// the answers of the others are kept whole, charged to the memory budget, so that slow clients can't use up the pool.
package final class ChunkedAnswer: Sendable {
    /// So many chunks may be on their way to the client.
    private static let window = 4

    private let loop: any EventLoop
    private let exchange: NIOLoopBound<Exchange>
    private let contentType: String
    private let budget: MemoryBudget
    private let state = Mutex(State())
    private let room = ConditionLock(value: 1)
    /// What goes on after this part of the answer; nil when it is all.
    private let then: NIOLoopBound<(() -> Void)?>

    private struct State {
        var underWay = 0
        var isCancelled = false
        /// The answer is kept whole from now on.
        var isSpilling = false
        /// The worker is done, the client has yet to take what is kept.
        var isComplete = false
        var kept: [MemoryBudget.Charge] = []
    }

    /// An answer to an exchange; call on its loop.
    ///
    /// - Parameter then: with it, this is only a part of the answer: it is called on the loop when the client has taken
    ///   the part, and the exchange goes on.
    init(_ exchange: Exchange, contentType: String, budget: MemoryBudget, then: (() -> Void)? = nil) {
        loop = exchange.loop
        self.exchange = NIOLoopBound(exchange, eventLoop: exchange.loop)
        self.contentType = contentType
        self.budget = budget
        self.then = NIOLoopBound(then, eventLoop: exchange.loop)
        exchange.lend(to: self)
    }

    /// Whether the client is gone; a worker may stop then.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    private func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.kept = []
        }
        room.lock()
        room.unlock(withValue: 1)
    }

    /// Hands a chunk on; called by the worker, blocks while too many are under way.
    func send(_ chunk: ByteBuffer) {
        let mayGo = state.withLock { state in
            guard !state.isCancelled else { return false }
            state.underWay += 1
            if state.isSpilling { state.kept.append(budget.charge(chunk.readableBytes)) }
            return true
        }
        guard mayGo else { return }
        if state.withLock({ $0.isSpilling }), let refusal = budget.refusalToKeep() {
            cancel()
            return fail(refusal)
        }
        loop.execute { self.write(chunk) }
        guard mustWait else { return }
        guard budget.waiting.enter() else { return state.withLock { $0.isSpilling = true } }
        defer { budget.waiting.leave() }
        while true {
            room.lock()
            guard mustWait else { return room.unlock() }
            room.unlock(withValue: 0)
            room.lock(whenValue: 1)
            room.unlock()
        }
    }

    private var mustWait: Bool {
        state.withLock { $0.underWay >= Self.window && !$0.isCancelled && !$0.isSpilling }
    }

    /// Ends the answer; called by the worker.
    func finish() {
        loop.execute {
            let exchange = self.exchange.value
            let isKept = self.state.withLock { state in
                // More of the answer may only be made when the client has taken this part.
                let waits = state.isSpilling || self.then.value != nil
                state.isComplete = waits && !exchange.isOver && !exchange.isWritable
                return state.isComplete
            }
            // What is kept stays charged until the client has taken it.
            if !isKept { self.end() }
        }
    }

    private func end() {
        let exchange = exchange.value
        state.withLock { $0.kept = [] }
        guard let then = then.value else {
            exchange.letGo()
            return exchange.end()
        }
        exchange.giveBack()
        then()
    }

    /// Answers with an error instead, or cuts the connection when text has left already.
    func fail(_ error: GatewayError) {
        loop.execute {
            self.exchange.value.fail(error)
            self.state.withLock { $0.kept = [] }
        }
    }

    private func write(_ chunk: ByteBuffer) {
        let exchange = exchange.value
        if !exchange.isResponseStarted {
            exchange.start(status: 200, body: .unknown) { head in
                head.add("Content-Type", contentType)
                head.addDate()
            }
        }
        exchange.write(chunk)
        exchange.flush()
        if exchange.isWritable { taken() }
    }

    /// The client took everything that was written.
    private func taken() {
        room.lock()
        let isComplete = state.withLock { state in
            state.underWay = 0
            return state.isComplete
        }
        room.unlock(withValue: 1)
        if isComplete { end() }
    }
}

extension ChunkedAnswer: ExchangeOwner {
    package func exchangeAborted() { cancel() }
    package func exchangeWritable() { taken() }
}
