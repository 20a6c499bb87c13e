import Synchronization
import Testing

@testable import RPC

/// The list of calls, and what it knows of messages that are on their way.
@Suite(.timeLimit(.minutes(1)))
struct CallListTests {
    /// A loop of one thread for calls that are listed.
    private actor Loop: CompletionSink {
        nonisolated func deliver(_ batch: CompletionBatch) {
            Task { await self.run(batch) }
        }

        private func run(_ batch: CompletionBatch) { batch.run() }

        func perform<R: Sendable>(_ body: @Sendable () throws -> R) rethrows -> R { try body() }
    }

    /// Replies with so many bytes when told to.
    private static func server(_ bytes: Int) throws -> (EchoServer, go: AsyncStream<Void>.Continuation) {
        let (signal, go) = AsyncStream.makeStream(of: Void.self)
        let method = GRPCServerMethod(.echo) { call in
            Task {
                for await _ in signal { break }
                call.reply(GRPCPayload([UInt8](repeating: 1, count: bytes)))
            }
        }
        return (try EchoServer([method]), go)
    }

    @Test func `a call that waits for its plugin isn't receiving, one whose message comes is, and can be ended`()
        async throws
    {
        // A message may be whole before it is ended: on a busy machine it takes a few tries to come between.
        for _ in 0..<20 {
            guard try await endedWhileReceiving() else { continue }
            return
        }
        Issue.record("no message was ended while it came")
    }

    /// Whether a call ended early that was seen to receive; false when its message was whole before that.
    private func endedWhileReceiving() async throws -> Bool {
        let (echo, go) = try Self.server(100 << 20)
        let loop = Loop()
        let calls = GRPCCallList()
        let target = CompletionTarget(loop, calls: calls)
        let begun = Mutex(0)
        let (results, finish) = AsyncStream.makeStream(of: Result<Int, GRPCError>.self)
        try await loop.perform {
            calls.watch { begun.withLock { $0 += 1 } }
            try echo.channel.unary(.echo, GRPCPayload(), on: target) { finish.yield($0.map(\.count)) }
            #expect(!calls.isEmpty)
            #expect(calls.count(.firstMessage) == 0)
        }
        #expect(begun.withLock { $0 } == 1)
        go.yield()
        while await loop.perform({ !calls.isEmpty && calls.count(.firstMessage) == 0 }) { await Task.yield() }
        let ending = GRPCError(code: .memoryFull, message: "no room")
        await loop.perform {
            for call in calls.newest(3, .firstMessage) { call.end(ending) }
            #expect(calls.count(.firstMessage) == 0)
        }
        var ended = false
        for await result in results {
            if case .failure(let error) = result {
                #expect(error == ending)
                ended = true
            }
            break
        }
        #expect(await loop.perform { calls.isEmpty })
        await echo.stop()
        return ended
    }

    @Test func `a stream that has asked for more counts as such`() async throws {
        let method = GRPCServerMethod(.many) { call in
            Task { try? await call.write(GRPCPayload([1])) }
            call.onCancel { call.fail(GRPCError(code: .cancelled, message: "")) }
        }
        let echo = try EchoServer([method])
        let loop = Loop()
        let calls = GRPCCallList()
        let target = CompletionTarget(loop, calls: calls)
        let (events, tell) = AsyncStream.makeStream(of: GRPCStreamEvent.self)
        let call = try await loop.perform {
            let call = try echo.channel.serverStreaming(.many, GRPCPayload(), on: target) { tell.yield($0) }
            call.read()
            return call
        }
        var ended: GRPCError?
        let ending = GRPCError(code: .memoryFull, message: "no room")
        for await event in events {
            guard case .message = event else {
                if case .finished(let error) = event { ended = error }
                break
            }
            await loop.perform {
                #expect(calls.count(.laterMessage) == 0)
                call.read()
                #expect(calls.count(.laterMessage) == 1)
                #expect(calls.count(.firstMessage) == 0)
                for call in calls.newest(1, .laterMessage) { call.end(ending) }
            }
        }
        #expect(ended == ending)
        #expect(await loop.perform { calls.isEmpty })
        await echo.stop()
    }

    @Test func `whoever watches is called once until it rests`() async throws {
        let echo = try EchoServer([EchoServer.echo])
        let loop = Loop()
        let calls = GRPCCallList()
        let target = CompletionTarget(loop, calls: calls)
        let begun = Mutex(0)
        let (results, finish) = AsyncStream.makeStream(of: Void.self)
        func call() async throws {
            try await loop.perform {
                _ = try echo.channel.unary(.echo, GRPCPayload(), on: target) { _ in finish.yield() }
            }
            for await _ in results { break }
        }
        await loop.perform { calls.watch { begun.withLock { $0 += 1 } } }
        try await call()
        try await call()
        #expect(begun.withLock { $0 } == 1)
        await loop.perform { calls.rest() }
        try await call()
        #expect(begun.withLock { $0 } == 2)
        await echo.stop()
    }
}
