import DataPlaneAPI
import NIOCore
import Testing

@testable import HTTPKit

/// The opening handshake, RFC 6455 sections 1.3 and 4.2.
struct WebSocketHandshakeTests {
    static let good = [
        "Host": "localhost", "Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
    ]

    static func head(
        _ line: String = "GET /s HTTP/1.1", _ changes: [String: String?] = [:], more: String = ""
    ) throws -> RequestHead {
        var fields = good
        for (name, value) in changes { fields[name] = value }
        let text = "\(line)\r\n" + fields.map { "\($0): \($1)\r\n" }.sorted().joined() + more + "\r\n"
        var parser = RequestHeadParser(limits: HTTPLimits())
        var bytes = ByteBuffer(string: text)
        return try #require(try parser.next(&bytes))
    }

    private func code(_ head: RequestHead) -> ErrorCode? {
        do throws(GatewayError) {
            _ = try WebSocketHandshake(head)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `the accept value is the RFC's`() throws {
        #expect(try WebSocketHandshake(Self.head()).accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test func `what isn't a handshake is refused`() throws {
        #expect(code(try Self.head("POST /s HTTP/1.1")) == .methodNotAllowed)
        #expect(code(try Self.head("GET /s HTTP/1.0")) == .badRequest)
        #expect(code(try Self.head("GET /s HTTP/1.1", ["Upgrade": "h2c"])) == .badRequest)
        #expect(code(try Self.head("GET /s HTTP/1.1", ["Connection": "close"])) == .badRequest)
        #expect(code(try Self.head("GET /s HTTP/1.1", ["Content-Length": "1"])) == .badRequest)
        for version in ["12", "8", "", "13, 8"] {
            #expect(code(try Self.head("GET /s HTTP/1.1", ["Sec-WebSocket-Version": version])) == .upgradeRequired)
        }
        #expect(code(try Self.head(more: "Sec-WebSocket-Version: 13\r\n")) == .upgradeRequired)
        for key in ["", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25j!Q==", "aGVsbG8="]
        {
            #expect(code(try Self.head("GET /s HTTP/1.1", ["Sec-WebSocket-Key": key])) == .badRequest)
        }
        #expect(code(try Self.head(more: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")) == .badRequest)
    }

    @Test func `of the sub-protocols the server's first is chosen, and none if none is known`() throws {
        let head = try Self.head(
            "GET /s HTTP/1.1", ["Sec-WebSocket-Protocol": "chat, superchat"], more: "sec-websocket-protocol: v2\r\n")
        #expect(try WebSocketHandshake(head, subprotocols: ["v2", "chat"]).subprotocol == "v2")
        #expect(try WebSocketHandshake(head, subprotocols: ["superchat"]).subprotocol == "superchat")
        #expect(try WebSocketHandshake(head, subprotocols: ["Chat"]).subprotocol == nil)
        #expect(try WebSocketHandshake(head).subprotocol == nil)
    }
}
