import Synchronization
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1)))
struct StreamCallTests {
    /// Sends `count` messages of `size` bytes, then ends as told.
    private static func sender(count: Int, size: Int, written: Written, failure: GRPCError? = nil) -> GRPCServerMethod {
        GRPCServerMethod(.many) { call in
            Task {
                do {
                    for index in 0..<count {
                        try await call.write(
                            GRPCPayload([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size)))
                        written.add()
                    }
                    if let failure { call.fail(failure) } else { call.finish() }
                } catch {
                    written.fail()
                    call.fail(GRPCError(code: .cancelled, message: ""))
                }
            }
        }
    }

    final class Written: Sendable {
        private let count = Mutex(0)
        let (failed, tell) = AsyncStream.makeStream(of: Void.self)

        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
        func fail() { tell.finish() }
    }

    @Test func `a stream brings every message in order, then a good end`() async throws {
        let echo = try EchoServer([Self.sender(count: 300, size: 1000, written: Written())])
        let stream = try echo.channel.serverStreaming(.many, GRPCPayload())
        var received: [UInt8] = []
        while let message = try await stream.next() {
            #expect(message.count == 1000)
            received.append(message.bytes[0])
        }
        #expect(received == (0..<300).map { UInt8(truncatingIfNeeded: $0) })
        #expect(try await stream.next() == nil)
        await echo.stop()
    }

    @Test func `an error after some messages comes after the messages`() async throws {
        let failure = GRPCError(code: .unknown, message: "disk full", details: [8, 2])
        let echo = try EchoServer([Self.sender(count: 2, size: 10, written: Written(), failure: failure)])
        let stream = try echo.channel.serverStreaming(.many, GRPCPayload())
        #expect(try await stream.next() != nil)
        #expect(try await stream.next() != nil)
        await #expect(throws: failure) { _ = try await stream.next() }
        await echo.stop()
    }

    @Test func `a reader that doesn't read holds the writer back`() async throws {
        let written = Written()
        let total = 64
        let echo = try EchoServer([Self.sender(count: total, size: 1 << 20, written: written)])
        let stream = try echo.channel.serverStreaming(.many, GRPCPayload())
        #expect(try await stream.next()?.count == 1 << 20)
        // The echo of another call shows that the connection is alive while the stream stands still.
        let health = await #expect(throws: GRPCError.self) {
            _ = try await echo.channel.unary(.none, GRPCPayload())
        }
        #expect(health?.code == .unimplemented)
        #expect(written.value < 16)
        var rest = 0
        while try await stream.next() != nil { rest += 1 }
        #expect(rest == total - 1)
        await echo.stop()
    }

    @Test func `dropping the stream cancels the call and the writer hears of it`() async throws {
        let written = Written()
        let echo = try EchoServer([Self.sender(count: .max, size: 1 << 16, written: written)])
        do {
            let stream = try echo.channel.serverStreaming(.many, GRPCPayload())
            #expect(try await stream.next() != nil)
        }
        for await _ in written.failed {}
        await echo.stop()
    }

    @Test func `a cancelled task ends a stream that is silent`() async throws {
        let echo = try EchoServer([
            GRPCServerMethod(.run) { call in
                call.onCancel { call.fail(GRPCError(code: .cancelled, message: "")) }
            }
        ])
        let stream = try echo.channel.serverStreaming(.run, GRPCPayload())
        let task = Task { try await stream.next() }
        task.cancel()
        let error = await #expect(throws: GRPCError.self) { _ = try await task.value }
        #expect(error?.code == .cancelled)
        await echo.stop()
    }
}
