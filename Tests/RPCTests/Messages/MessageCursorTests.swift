import Bytes
import Testing

@testable import RPC

/// Reading messages over the slices they come in.
@Suite(.timeLimit(.minutes(1)))
struct MessageCursorTests {
    @Test func `a message in many slices reads the same as in one`() async throws {
        let echo = try EchoServer([EchoServer.echo])
        let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        let message = try await echo.channel.unary(.echo, GRPCPayload(sent))
        #expect(message.sliceCount > 1)
        var cursor = MessageCursor(message)
        var read: [UInt8] = cursor.bytes(7)
        let mark = cursor
        cursor.skip(1_000_000)
        #expect(cursor.remaining == sent.count - 1_000_007)
        cursor = mark
        while cursor.next(100_000, { read += $0 }) > 0 {}
        #expect(read == sent && cursor.remaining == 0)
        #expect(cursor.bytes(1).isEmpty)
        await echo.stop()
    }
}
