import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPKit

struct SharedPartTests {
    private final class Answers: ExchangeHandler {
        var exchanges: [Exchange] = []

        func handle(_ exchange: Exchange) {
            exchanges.append(exchange)
            exchange.start(status: 200, body: .unknown) { _ in }
            exchange.flush()
        }
    }

    private func address(_ buffer: ByteBuffer) -> UnsafeRawPointer? {
        buffer.withUnsafeReadableBytes { $0.baseAddress }
    }

    @Test func `a part that many write is one chunk in one memory, and nothing is copied for any of them`() throws {
        let loop = EmbeddedEventLoop()
        let answers = Answers()
        var clients: [EmbeddedChannel] = []
        for version in ["1.1", "1.1", "1.0"] {
            let client = EmbeddedChannel(
                handler: ServerConnection(context: LoopContext(loop: loop, chain: answers)), loop: loop)
            client.connect(to: try SocketAddress(unixDomainSocketPath: "/client"), promise: nil)
            try client.writeInbound(ByteBuffer(string: "GET / HTTP/\(version)\r\nHost: a\r\n\r\n"))
            while try client.readOutbound(as: ByteBuffer.self) != nil {}
            clients.append(client)
        }
        let part = SharedPart([ByteBuffer(string: "one\n"), ByteBuffer(string: "two\n")])
        for exchange in answers.exchanges {
            exchange.write(part)
            exchange.flush()
            #expect(exchange.bytesSent == 8)
        }
        for client in clients[..<2] {
            let written = try #require(try client.readOutbound(as: ByteBuffer.self))
            #expect(String(buffer: written) == "8\r\none\ntwo\n\r\n" && address(written) == address(part.chunk))
            #expect(try client.readOutbound(as: ByteBuffer.self) == nil)
        }
        // HTTP/1.0 knows no chunks.
        #expect(try clients[2].readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "one\ntwo\n"))

        // Something of its own behind it, and nothing at all.
        let first = answers.exchanges[0]
        first.write(part)
        first.write(ByteBuffer(string: "mine"))
        first.write(SharedPart([]))
        first.end()
        var all = ""
        while let next = try clients[0].readOutbound(as: ByteBuffer.self) { all += String(buffer: next) }
        #expect(all == "8\r\none\ntwo\n\r\n4\r\nmine\r\n0\r\n\r\n")
        #expect(String(buffer: part.chunk) == "8\r\none\ntwo\n\r\n")
    }
}
