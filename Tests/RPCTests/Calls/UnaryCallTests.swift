import Synchronization
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1)))
struct UnaryCallTests {
    /// Bytes in which a shifted or repeated piece shows.
    private static func pattern(_ size: Int) -> [UInt8] {
        let piece = (0..<1021).map { UInt8(truncatingIfNeeded: $0 &* $0) }
        var bytes: [UInt8] = []
        while bytes.count < size { bytes += piece.prefix(size - bytes.count) }
        return bytes
    }

    @Test func `a unary call carries bytes of every size both ways`() async throws {
        let echo = try EchoServer([EchoServer.echo])
        for size in [0, 1, 23, 24, 5000, 100_000, 5_000_000, 40_000_000] {
            let bytes = Self.pattern(size)
            let answer = try await echo.channel.unary(.echo, GRPCPayload(bytes))
            #expect(answer.count == size)
            #expect(answer.bytes == bytes)
        }
        await echo.stop()
    }

    @Test func `the slices of a message join to its bytes`() async throws {
        let echo = try EchoServer([EchoServer.echo])
        let bytes = Self.pattern(3_000_000)
        let answer = try await echo.channel.unary(.echo, GRPCPayload(bytes))
        var joined: [UInt8] = []
        answer.forEachSlice { joined.append(contentsOf: $0) }
        #expect(joined == bytes)
        #expect(answer.withBytes { Array($0) } == bytes)
        await echo.stop()
    }

    @Test func `an error arrives with code, long text and error source`() async throws {
        let text = String(repeating: "no such table: ü ", count: 20_000)
        let echo = try EchoServer([
            GRPCServerMethod(.echo) { call in
                call.fail(GRPCError(code: .unknown, message: text, details: [8, 2, 0, 255]))
            }
        ])
        await #expect(throws: GRPCError(code: .unknown, message: text, details: [8, 2, 0, 255])) {
            _ = try await echo.channel.unary(.echo, GRPCPayload())
        }
        await echo.stop()
    }

    @Test func `a method that the server lacks is UNIMPLEMENTED`() async throws {
        let echo = try EchoServer([EchoServer.echo])
        let error = await #expect(throws: GRPCError.self) {
            _ = try await echo.channel.unary(.none, GRPCPayload())
        }
        #expect(error?.code == .unimplemented)
        await echo.stop()
    }

    @Test func `request metadata reaches the server`() async throws {
        let seen = Mutex<[String?]>([])
        let echo = try EchoServer([
            GRPCServerMethod(.echo) { call in
                seen.withLock { $0 = [call.header("traceparent"), call.header("tenantid"), call.header("missing")] }
                call.reply(GRPCPayload())
            }
        ])
        let options = GRPCCallOptions(metadata: [
            GRPCMetadata("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            GRPCMetadata("tenantid", "org-2"),
        ])
        _ = try await echo.channel.unary(.echo, GRPCPayload(), options: options)
        #expect(
            seen.withLock { $0 } == ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "org-2", nil])
        await echo.stop()
    }

    @Test func `metadata that HTTP can't carry is refused before anything is sent`() async throws {
        let echo = try EchoServer([EchoServer.echo])
        let options = GRPCCallOptions(metadata: [GRPCMetadata("Bad Key", "x\n")])
        let error = await #expect(throws: GRPCError.self) {
            _ = try await echo.channel.unary(.echo, GRPCPayload([1]), options: options)
        }
        #expect(error?.code == .invalidArgument)
        await echo.stop()
    }

    @Test func `a deadline ends a call that gets no answer, and the server hears of it`() async throws {
        let (cancelled, told) = AsyncStream.makeStream(of: Void.self)
        let echo = try EchoServer([
            GRPCServerMethod(.echo) { call in
                call.onCancel {
                    told.finish()
                    call.fail(GRPCError(code: .cancelled, message: ""))
                }
            }
        ])
        let error = await #expect(throws: GRPCError.self) {
            let options = GRPCCallOptions(deadline: .after(.milliseconds(500)))
            _ = try await echo.channel.unary(.echo, GRPCPayload(), options: options)
        }
        #expect(error?.code == .deadlineExceeded)
        for await _ in cancelled {}
        await echo.stop()
    }

    @Test func `cancelling the task cancels the call`() async throws {
        let (arrived, tell) = AsyncStream.makeStream(of: Void.self)
        let echo = try EchoServer([
            GRPCServerMethod(.echo) { call in
                call.onCancel { call.fail(GRPCError(code: .cancelled, message: "")) }
                tell.finish()
            }
        ])
        let channel = echo.channel
        let task = Task { try await channel.unary(.echo, GRPCPayload()) }
        for await _ in arrived {}
        task.cancel()
        let error = await #expect(throws: GRPCError.self) { _ = try await task.value }
        #expect(error?.code == .cancelled)
        await echo.stop()
    }

    @Test func `a task that is cancelled already makes no call`() async throws {
        let calls = Mutex(0)
        let echo = try EchoServer([
            GRPCServerMethod(.echo) { call in
                calls.withLock { $0 += 1 }
                call.reply(GRPCPayload())
            }
        ])
        let channel = echo.channel
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await channel.unary(.echo, GRPCPayload())
        }
        task.cancel()
        let error = await #expect(throws: GRPCError.self) { _ = try await task.value }
        #expect(error?.code == .cancelled)
        await echo.stop()
        #expect(calls.withLock { $0 } == 0)
    }

    @Test func `a call to nobody fails with UNAVAILABLE`() async throws {
        let runtime = try GRPCRuntime()
        let channel = try GRPCChannel(
            runtime: runtime, target: EchoServer.freeName(), methods: EchoMethod.paths)
        let error = await #expect(throws: GRPCError.self) {
            _ = try await channel.unary(.echo, GRPCPayload([1, 2, 3]))
        }
        #expect(error?.code == .unavailable)
    }

    @Test func `completions of one sink come in batches on the sink's own thread`() async throws {
        let echo = try EchoServer([EchoServer.echo])
        let sink = QueueSink()
        let target = CompletionTarget(sink)
        let total = 500
        let (done, finished) = AsyncStream.makeStream(of: Int.self)
        for index in 0..<total {
            try echo.channel.unary(.echo, GRPCPayload([UInt8(truncatingIfNeeded: index)]), on: target) { result in
                guard case .success(let message) = result, message.bytes == [UInt8(truncatingIfNeeded: index)] else {
                    return
                }
                finished.yield(index)
            }
        }
        var seen = Set<Int>()
        for await index in done {
            seen.insert(index)
            if seen.count == total { break }
        }
        #expect(seen.count == total)
        #expect(sink.batches >= 1)
        #expect(sink.batches <= total)
        await echo.stop()
    }
}

/// Runs batches one after the other away from the completion thread.
private final class QueueSink: CompletionSink {
    private let stream: AsyncStream<CompletionBatch>.Continuation
    private let count = Atomic<Int>(0)

    init() {
        let (batches, stream) = AsyncStream.makeStream(of: CompletionBatch.self)
        self.stream = stream
        Task { for await batch in batches { batch.run() } }
    }

    var batches: Int { count.load(ordering: .relaxed) }

    func deliver(_ batch: CompletionBatch) {
        count.add(1, ordering: .relaxed)
        stream.yield(batch)
    }
}
