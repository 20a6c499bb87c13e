import DataPlaneAPI
import HTTPTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HTTPKit

/// WebSockets over real connections.
@Suite(.timeLimit(.minutes(1)))
struct WebSocketConnectionTests {
    /// Echoes messages; `close` closes, `pause` answers what comes after it only when a timer has run.
    private static let echo: @Sendable (Exchange) -> Void = { exchange in
        do throws(GatewayError) {
            let handshake = try WebSocketHandshake(exchange.request, subprotocols: ["echo"])
            WebSocketConnection.accept(exchange, handshake) { connection in
                connection.onMessage = { [unowned connection] isText, bytes in
                    switch String(buffer: bytes) {
                    case "close": connection.close(.goingAway, "bye")
                    case "pause":
                        connection.pause()
                        let bound = NIOLoopBound(connection, eventLoop: exchange.loop)
                        exchange.loop.execute {
                            bound.value.write(WebSocketWriter.text(ByteBuffer(string: "paused")))
                            bound.value.resume()
                        }
                    default:
                        connection.write(isText ? WebSocketWriter.text(bytes) : WebSocketWriter.binary(bytes))
                        connection.flush()
                    }
                }
            }
        } catch {
            exchange.refuseWebSocket(error)
        }
    }

    private static func handshake(_ changes: [String: String] = [:]) -> ByteBuffer {
        let fields = WebSocketHandshakeTests.good.merging(changes) { $1 }
        return ByteBuffer(string: "GET / HTTP/1.1\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n")
    }

    /// Sends bytes after a handshake and gives all that comes back until the server closes, without the head.
    private func exchanged(_ server: SocketServer, _ bytes: [[UInt8]]) async throws -> [UInt8] {
        let all = try await server.connect { inbound, outbound in
            var all = ByteBuffer()
            var first = Self.handshake()
            // What a client sends without waiting for the 101 counts.
            if let early = bytes.first { first.writeBytes(early) }
            try await outbound.write(first)
            for piece in bytes.dropFirst() { try await outbound.write(ByteBuffer(bytes: piece)) }
            while let part = try await inbound.next() { all.writeImmutableBuffer(part) }
            return all
        }
        let text = Array(all.readableBytesView)
        let end = try #require(text.indices.first { text[$0...].starts(with: Array("\r\n\r\n".utf8)) })
        #expect(String(decoding: text[..<end], as: UTF8.self).hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        return Array(text[(end + 4)...])
    }

    private static func bytes(_ frames: ByteBuffer...) -> [UInt8] { frames.flatMap { Array($0.readableBytesView) } }

    @Test func `messages come back, pings are answered, and a close is returned`() async throws {
        try await SocketServer.with(handler: Self.echo) { server in
            let answer = try await exchanged(
                server,
                [
                    ClientFrame.text("one"), ClientFrame.frame(9, Array("p".utf8)),
                    ClientFrame.text("tw", isFinal: false),
                    ClientFrame.more(Array("o".utf8), isFinal: true), ClientFrame.frame(2, [0, 255]),
                    ClientFrame.close(3001, Array("x".utf8)),
                ])
            #expect(
                answer
                    == Self.bytes(
                        WebSocketWriter.text(ByteBuffer(string: "one")), WebSocketWriter.pong(ByteBuffer(string: "p")),
                        WebSocketWriter.text(ByteBuffer(string: "two")),
                        WebSocketWriter.binary(ByteBuffer(bytes: [0, 255])),
                        WebSocketWriter.close(WebSocketCloseCode(rawValue: 3001))))
        }
    }

    @Test func `a broken frame is answered with the reason, then the connection ends`() async throws {
        try await SocketServer.with(handler: Self.echo) { server in
            let unmasked = try await exchanged(server, [ClientFrame.frame(1, [], isMasked: false)])
            #expect(
                unmasked == Self.bytes(WebSocketWriter.close(.protocolError, "a client's frame is not masked")))
            let text = try await exchanged(server, [ClientFrame.frame(1, [0xFF])])
            #expect(text == Self.bytes(WebSocketWriter.close(.invalidPayload, "a text is not UTF-8")))
            let big = try await exchanged(server, [ClientFrame.frame(1, [UInt8](repeating: 0x61, count: 65_537))])
            #expect(big.starts(with: [0x88]) && big.dropFirst(2).starts(with: [0x03, 0xF1]))
        }
    }

    @Test func `the server closes with its code and waits for the client to go`() async throws {
        try await SocketServer.with(handler: Self.echo) { server in
            let answer = try await exchanged(server, [ClientFrame.text("close"), ClientFrame.text("late")])
            #expect(answer == Self.bytes(WebSocketWriter.close(.goingAway, "bye")))
        }
    }

    @Test func `messages wait while the connection is paused`() async throws {
        try await SocketServer.with(handler: Self.echo) { server in
            let answer = try await exchanged(
                server, [ClientFrame.text("pause") + ClientFrame.text("after"), ClientFrame.close(1000)])
            #expect(
                answer
                    == Self.bytes(
                        WebSocketWriter.text(ByteBuffer(string: "paused")),
                        WebSocketWriter.text(ByteBuffer(string: "after")), WebSocketWriter.close(.normal)))
        }
    }

    @Test func `another version is answered 426 with the one that is served`() async throws {
        try await SocketServer.with(handler: Self.echo) { server in
            let answer = try await server.connect { inbound, outbound in
                try await outbound.write(Self.handshake(["Sec-WebSocket-Version": "8"]))
                return String(buffer: try await inbound.next() ?? ByteBuffer())
            }
            #expect(answer.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
            #expect(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"))
        }
    }

    @Test func `a client that answers no pings is cut after two of them`() async throws {
        let beats: @Sendable (Exchange) -> Void = { exchange in
            guard let handshake = try? WebSocketHandshake(exchange.request) else { return exchange.abort() }
            WebSocketConnection.accept(exchange, handshake) { connection in
                connection.onMessage = { [unowned connection] _, _ in connection.beat() }
            }
        }
        try await SocketServer.with(handler: beats) { server in
            // A message counts as a sign of life, so beats are only missed when they come by themselves.
            let answer = try await exchanged(
                server,
                [ClientFrame.text("beat"), ClientFrame.text("beat"), ClientFrame.text("beat"), ClientFrame.close(1000)])
            #expect(answer.filter { $0 == 0x89 }.count == 3)
        }
        let silent: @Sendable (Exchange) -> Void = { exchange in
            guard let handshake = try? WebSocketHandshake(exchange.request) else { return exchange.abort() }
            WebSocketConnection.accept(exchange, handshake) { connection in
                connection.onMessage = { [unowned connection] _, _ in for _ in 0..<3 { connection.beat() } }
            }
        }
        try await SocketServer.with(handler: silent) { server in
            let answer = try await exchanged(server, [ClientFrame.text("go")])
            #expect(answer == [0x89, 0, 0x89, 0])
        }
    }
}
