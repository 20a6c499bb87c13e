import DataPlaneAPI
import NIOCore
import NIOPosix
import Synchronization

/// Work that would hold up an event loop, on a few threads beside them: so much of it may wait, and nobody waits for ever.
///
/// For what takes the processor's time. What waits for somebody else has no place here: it would keep all others waiting.
package final class SideWork: Sendable {
    /// What is made of so many bytes stays on the loop: reading as much as that takes about as long as going to a thread
    /// and back.
    package static let inlineLimit = 64 * 1024
    /// How long bodies wait for a thread and are read, milliseconds: the largest one takes a tenth of a second.
    package let patienceMS: Int

    private let threads: NIOThreadPool
    private let limit: Int
    private let waiting = Atomic<Int>(0)

    /// Threads for such work.
    ///
    /// - Parameters:
    ///   - threads: how many.
    ///   - limit: how much work may wait for one.
    package convenience init(threads: Int = 2, limit: Int = 256, patienceMS: Int = 10_000) {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        self.init(on: pool, limit: limit, patienceMS: patienceMS)
    }

    /// A place on threads that others use too, and end.
    ///
    /// - Parameter limit: how much work may wait here for one.
    package init(on threads: NIOThreadPool, limit: Int = 256, patienceMS: Int = 10_000) {
        self.patienceMS = patienceMS
        self.threads = threads
        self.limit = limit
    }

    /// How much waits for a thread.
    package var waitingCount: Int { waiting.load(ordering: .relaxed) }

    /// Ends the threads when what they do is done.
    package func stop() async { try? await threads.shutdownGracefully() }

    /// Does something; call on the loop.
    ///
    /// - Parameters:
    ///   - what: what it is about, for messages.
    ///   - milliseconds: for all of it; work that has not begun by then is never done.
    ///   - body: the work.
    ///   - done: called once on the loop, maybe at once; with 503 when too much work waits or it takes too long.
    /// - Returns: the owner of an exchange that wants it: work that has not begun is given up with the exchange, and `done`
    ///   isn't called.
    @discardableResult
    package func run<Value: Sendable>(
        _ what: String, milliseconds: Int, on loop: any EventLoop, _ body: @escaping @Sendable () -> Value,
        _ done: @escaping (Result<Value, GatewayError>) -> Void
    ) -> any ExchangeOwner {
        let job = Job(body)
        let wait = Wait(job, done)
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            wait.finish(.failure(Self.fault("\(limit) pieces of work wait for a thread already: \(what) had no place")))
            return wait
        }
        let bound = NIOLoopBound(wait, eventLoop: loop)
        wait.timer = loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) {
            bound.value.finish(
                .failure(Self.fault("\(what) took longer than \(milliseconds) ms; see the machine's load")))
        }
        threads.submit { [self] state in
            waiting.wrappingSubtract(1, ordering: .relaxed)
            guard let body = job.take() else { return }
            guard case .active = state else {
                return loop.execute { bound.value.finish(.failure(Self.fault("the gateway stops"))) }
            }
            let value = body()
            loop.execute { bound.value.finish(.success(value)) }
        }
        return wait
    }

    private static func fault(_ why: String) -> GatewayError {
        GatewayError(.serviceUnavailable, why, source: .gateway, retryAfterSeconds: 1)
    }

    /// The work until a thread begins it, or it isn't wanted any more: what comes first.
    ///
    /// What it holds goes with it.
    private final class Job<Value: Sendable>: Sendable {
        private let body: Mutex<(@Sendable () -> Value)?>

        init(_ body: @escaping @Sendable () -> Value) { self.body = Mutex(body) }

        func take() -> (@Sendable () -> Value)? {
            body.withLock { body in
                defer { body = nil }
                return body
            }
        }
    }

    /// Whoever waits for it, on the loop.
    private final class Wait<Value: Sendable>: ExchangeOwner {
        private let job: Job<Value>
        private var done: ((Result<Value, GatewayError>) -> Void)?
        var timer: Scheduled<Void>?

        init(_ job: Job<Value>, _ done: @escaping (Result<Value, GatewayError>) -> Void) {
            self.job = job
            self.done = done
        }

        func finish(_ result: Result<Value, GatewayError>) {
            guard let done else { return }
            exchangeAborted()
            done(result)
        }

        func exchangeAborted() {
            done = nil
            _ = job.take()
            timer?.cancel()
            timer = nil
        }
    }
}

extension Exchange {
    /// Makes something of many bytes: at once of a few, else on a thread, while the loop goes on with others.
    ///
    /// What is kept until the exchange is over is held until the thread is done with it, if that is later.
    ///
    /// - Parameters:
    ///   - size: of how many bytes.
    ///   - what: what they are, for messages.
    ///   - body: the work; it must not touch the exchange.
    ///   - done: called once on the loop, unless the client goes away before; with 503 when too much waits for a thread.
    package func work<Value: Sendable>(
        on size: Int, _ what: String, by side: SideWork,
        _ body: @escaping @Sendable () throws(GatewayError) -> Value,
        _ done: @escaping (Result<Value, GatewayError>) -> Void
    ) {
        guard size > SideWork.inlineLimit else {
            return done(Result { () throws(GatewayError) in try body() })
        }
        let kept = kept
        var isDone = false
        let wait = side.run(what, milliseconds: side.patienceMS, on: loop) {
            withExtendedLifetime(kept) { Result { () throws(GatewayError) in try body() } }
        } _: { [self] result in
            isDone = true
            letGo()
            if !isOver { done(result.flatMap { $0 }) }
        }
        if !isDone { take(wait) }
    }
}
