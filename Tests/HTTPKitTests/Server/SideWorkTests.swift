import DataPlaneAPI
import Dispatch
import HTTPTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HTTPKit

/// Work beside the loops.
struct SideWorkTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.any()

    private func run(
        _ work: SideWork, milliseconds: Int = 60_000, _ body: @escaping @Sendable () -> Int
    ) async -> Result<Int, GatewayError> {
        await withCheckedContinuation { continuation in
            loop.execute {
                work.run("the test", milliseconds: milliseconds, on: self.loop, body) {
                    continuation.resume(returning: $0)
                }
            }
        }
    }

    @Test func nobodyWaitsForEverAndWhatIsNotWantedIsNotDone() async throws {
        let work = SideWork(threads: 1, limit: 2)
        let hanging = Hang()
        async let first = run(work, milliseconds: 50) { hanging.hold() }
        let late = await first
        #expect(throws: GatewayError.self) { try late.get() }
        guard case .failure(let error) = late else { return }
        #expect(error.code == .serviceUnavailable && error.retryAfterSeconds == 1)
        #expect(error.message.contains("the test took longer than 50 ms"))
        // The thread is still busy, so these wait, and there is room for two.
        let counted = Hang()
        async let second = run(work, milliseconds: 50) { counted.hold() }
        async let third = run(work, milliseconds: 50) { counted.hold() }
        _ = await (second, third)
        let refused = await run(work) { 4 }
        guard case .failure(let full) = refused else {
            Issue.record("it had a place")
            return hanging.letGo()
        }
        #expect(full.message.contains("2 pieces of work wait for a thread already"))
        hanging.letGo()
        let other = SideWork(threads: 1)
        #expect(try await run(other) { 5 }.get() == 5)
        await other.stop()
        await work.stop()
        #expect(counted.count == 0)
    }

    /// Work that goes on until it is told to end.
    private final class Hang: Sendable {
        private let gate = DispatchSemaphore(value: 0)
        private let begun = Atomic<Int>(0)

        /// How often it was begun.
        var count: Int { begun.load(ordering: .acquiring) }

        func hold() -> Int {
            begun.add(1, ordering: .acquiringAndReleasing)
            gate.wait()
            gate.signal()
            return 1
        }
        func letGo() { gate.signal() }
    }
}

/// What is made of many bytes leaves the loop.
@Suite(.timeLimit(.minutes(1)))
struct ExchangeWorkTests {
    /// A thread that is held until it is let go.
    private final class Gate: Sendable {
        private let gate = DispatchSemaphore(value: 0)
        private let (begun, tell) = AsyncStream.makeStream(of: Void.self)

        func hold() {
            tell.finish()
            gate.wait()
        }
        func open() { gate.signal() }
        func isHeld() async { for await _ in begun {} }
    }

    private let large = SideWork.inlineLimit + 1
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    private func onLoop<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await loop.submit(body).get()
    }

    private func begin(
        _ size: Int, _ work: SideWork, _ body: @escaping @Sendable () -> Int,
        _ done: @escaping @Sendable (Result<Int, GatewayError>) -> Void
    ) async throws -> NIOLoopBound<Exchange> {
        let loop = loop
        return try await onLoop {
            let exchange = try TestTransport().exchange(on: loop)
            exchange.work(on: size, "the body", by: work) { () throws(GatewayError) in
                body()
            } _: {
                done($0)
            }
            return NIOLoopBound(exchange, eventLoop: loop)
        }
    }

    @Test func `a few bytes are worked on where they are`() async throws {
        let (work, loop) = (SideWork(threads: 1, patienceMS: 600_000), loop)
        let isInside = try await onLoop {
            let exchange = try TestTransport().exchange(on: loop)
            let isInside = Mutex(false)
            exchange.work(on: SideWork.inlineLimit, "the body", by: work) { () throws(GatewayError) in
                loop.inEventLoop
            } _: { result in
                isInside.withLock { $0 = (try? result.get()) == true }
            }
            return isInside.withLock { $0 }
        }
        #expect(isInside)
        await work.stop()
    }

    @Test func `the loop goes on while many bytes are worked on, and the answer comes on it`() async throws {
        let (work, gate, loop) = (SideWork(threads: 1, patienceMS: 600_000), Gate(), loop)
        let (answers, tell) = AsyncStream.makeStream(of: Bool.self)
        _ = try await begin(large, work) {
            gate.hold()
            return 7
        } _: { result in
            tell.yield((try? result.get()) == 7 && loop.inEventLoop)
            tell.finish()
        }
        await gate.isHeld()
        // The work isn't done, and the loop does other things.
        for beat in 1...100 { #expect(try await onLoop { beat } == beat) }
        gate.open()
        var all: [Bool] = []
        for await answer in answers { all.append(answer) }
        #expect(all == [true])
        await work.stop()
    }

    @Test func `what has not begun is never done for a client that left, and nothing is told`() async throws {
        let (work, gate) = (SideWork(threads: 1, patienceMS: 600_000), Gate())
        _ = try await begin(large, work) {
            gate.hold()
            return 0
        } _: { _ in
        }
        await gate.isHeld()
        let waiting = try await begin(large, work) {
            Issue.record("it was done")
            return 1
        } _: { _ in
            Issue.record("it was told")
        }
        try await onLoop { waiting.value.aborted() }
        gate.open()
        // Behind the others on the same thread.
        let (ends, tell) = AsyncStream.makeStream(of: Void.self)
        _ = try await begin(large, work) {
            2
        } _: { _ in
            tell.finish()
        }
        for await _ in ends {}
        await work.stop()
    }

    @Test func `what a body is charged to is held until the thread is done with it`() async throws {
        let (work, gate, budget) = (SideWork(threads: 1, patienceMS: 600_000), Gate(), BodyBudget(limit: 1000))
        let (loop, size) = (loop, large)
        let exchange = try await onLoop {
            let exchange = try TestTransport().exchange(on: loop)
            exchange.keep(try budget.charge(100))
            exchange.work(on: size, "the body", by: work) { () throws(GatewayError) in
                gate.hold()
            } _: { _ in
                Issue.record("it was told")
            }
            return NIOLoopBound(exchange, eventLoop: loop)
        }
        await gate.isHeld()
        try await onLoop {
            exchange.value.aborted()
            exchange.value.close()
        }
        #expect(budget.inUse == 100)
        gate.open()
        await work.stop()
        while budget.inUse > 0 { await Task.yield() }
    }

    @Test func `no place is 503, and the exchange is told like any other`() async throws {
        let work = SideWork(threads: 1, limit: 0, patienceMS: 600_000)
        let (answers, tell) = AsyncStream.makeStream(of: ErrorCode.self)
        _ = try await begin(large, work) {
            1
        } _: { result in
            if case .failure(let error) = result { tell.yield(error.code) }
            tell.finish()
        }
        var all: [ErrorCode] = []
        for await code in answers { all.append(code) }
        #expect(all == [.serviceUnavailable])
        await work.stop()
    }
}
