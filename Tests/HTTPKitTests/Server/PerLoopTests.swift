import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HTTPKit

/// Values of loops: where they are touched, and in which order.
@Suite(.timeLimit(.minutes(1)))
struct PerLoopTests {
    private final class Counter {
        let loop: any EventLoop
        var seen: [Int] = []
        init(_ loop: any EventLoop) { self.loop = loop }
    }

    private func with<R>(_ loops: Int, _ body: (MultiThreadedEventLoopGroup) async throws -> R) async throws -> R {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let result: Result<R, any Error>
        do { result = .success(try await body(group)) } catch { result = .failure(error) }
        try await group.shutdownGracefully()
        return try result.get()
    }

    @Test func `every loop has its value, which is only touched there`() async throws {
        try await with(3) { group in
            let counters = try await PerLoop.make(group) { loop in
                loop.assertInEventLoop()
                return Counter(loop)
            }
            #expect(counters.count == 3)
            await counters.onEvery { counter in
                #expect(counter.loop.inEventLoop)
                counter.seen.append(1)
            }
            #expect(await counters.collect { $0.seen } == [[1], [1], [1]])
            for loop in group.makeIterator() {
                #expect(try await loop.submit { counters.value(on: loop)?.loop === loop }.get())
            }
            let stranger = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let other = stranger.next()
            #expect(try await other.submit { counters.value(on: other) == nil }.get())
            try await stranger.shutdownGracefully()
        }
    }

    @Test func `what is told comes in order, and before what is asked later`() async throws {
        try await with(2) { group in
            let counters = try await PerLoop.make(group) { Counter($0) }
            for number in 0..<100 { counters.tellEvery { $0.seen.append(number) } }
            #expect(await counters.collect { $0.seen } == [Array(0..<100), Array(0..<100)])
        }
    }

    @Test func `values come one by one, and several on one loop`() async throws {
        try await with(1) { group in
            let (loop, counters) = (group.next(), PerLoop<Counter>.Register())
            #expect(counters.values.count == 0)
            for _ in 0..<2 { try await loop.submit { counters.add(Counter(loop), on: loop) }.get() }
            await counters.values.onEvery { $0.seen.append(7) }
            #expect(await counters.values.collect { $0.seen } == [[7], [7]])
        }
    }

    @Test func `values are made of others in their order, and run at once on their own loop`() async throws {
        try await with(2) { group in
            let counters = try await PerLoop.make(group) { Counter($0) }
            let places = try await counters.map { index, loop, counter in
                #expect(counter.loop === loop && loop.inEventLoop)
                return index
            }
            #expect(await places.collect { $0 } == [0, 1])
            let first = try #require(group.makeIterator().first { _ in true })
            let atOnce = try await first.submit {
                let ran = Mutex(false)
                counters.run(at: 0) { _ in ran.withLock { $0 = true } }
                return ran.withLock { $0 }
            }.get()
            #expect(atOnce)
            counters.run(at: 1) { $0.seen.append(5) }
            counters.run(at: 9) { _ in Issue.record("there is no such loop") }
            #expect(await counters.collect { $0.seen } == [[], [5]])
        }
    }
}
