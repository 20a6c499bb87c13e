import DataPlaneAPI
import NIOCore
import NIOPosix
import Synchronization

/// Work that would hold up an event loop, on a few threads beside them: so much of it may wait, and nobody waits for ever.
///
/// For what takes the processor's time. What waits for somebody else has no place here: it would keep all others waiting.
package final class SideWork: Sendable {
    private let threads: NIOThreadPool
    private let limit: Int
    private let waiting = Atomic<Int>(0)

    /// Threads for such work.
    ///
    /// - Parameters:
    ///   - threads: how many.
    ///   - limit: how much work may wait for one.
    package init(threads: Int = 2, limit: Int = 256) {
        self.threads = NIOThreadPool(numberOfThreads: threads)
        self.limit = limit
        self.threads.start()
    }

    /// Ends the threads when what they do is done.
    package func stop() async { try? await threads.shutdownGracefully() }

    /// Whether work was begun, or isn't wanted any more: what comes first.
    private final class Turn: Sendable {
        private let isTaken = Atomic<Bool>(false)

        func take() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }
    }

    /// Does something; call on the loop.
    ///
    /// - Parameters:
    ///   - what: what it is about, for messages.
    ///   - milliseconds: for all of it; work that has not begun by then is never done.
    ///   - body: the work.
    ///   - done: called once on the loop, maybe at once; with 503 when too much work waits or it takes too long.
    package func run<Value: Sendable>(
        _ what: String, milliseconds: Int, on loop: any EventLoop, _ body: @escaping @Sendable () -> Value,
        _ done: @escaping (Result<Value, GatewayError>) -> Void
    ) {
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            return done(.failure(Self.fault("\(limit) pieces of work wait for a thread already: \(what) had no place")))
        }
        let wait = Wait(done)
        let bound = NIOLoopBound(wait, eventLoop: loop)
        let turn = Turn()
        wait.timer = loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) {
            _ = turn.take()
            bound.value.finish(
                .failure(Self.fault("\(what) took longer than \(milliseconds) ms; see the machine's load")))
        }
        threads.submit { [self] state in
            waiting.wrappingSubtract(1, ordering: .relaxed)
            guard turn.take() else { return }
            guard case .active = state else {
                return loop.execute { bound.value.finish(.failure(Self.fault("the gateway stops"))) }
            }
            let value = body()
            loop.execute { bound.value.finish(.success(value)) }
        }
    }

    private static func fault(_ why: String) -> GatewayError {
        GatewayError(.serviceUnavailable, why, source: .gateway, retryAfterSeconds: 1)
    }

    private final class Wait<Value: Sendable> {
        private var done: ((Result<Value, GatewayError>) -> Void)?
        var timer: Scheduled<Void>?

        init(_ done: @escaping (Result<Value, GatewayError>) -> Void) {
            self.done = done
        }

        func finish(_ result: Result<Value, GatewayError>) {
            guard let done else { return }
            self.done = nil
            timer?.cancel()
            timer = nil
            done(result)
        }
    }
}
