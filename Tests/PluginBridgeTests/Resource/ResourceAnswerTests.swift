import NIOCore
import PluginKit
import RPC
import Testing

@testable import PluginBridge

/// What becomes of the messages of a plugin.
@Suite(.timeLimit(.minutes(1)))
struct ResourceAnswerTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// So patient that the end of an answer always comes in time.
    private static var patient: TestBridge.Options {
        var options = TestBridge.Options()
        options.patience = .hours(1)
        return options
    }

    @Test func `an answer of one message has its length`() async throws {
        let plugin = TestPlugin { _, response in
            try await response.send(status: 201, headers: [PluginHeader("x-path", "p")], body: Self.bytes("hello"))
        }
        try await TestBridge.with(plugin, Self.patient) { bridge in
            let reply = try await TestClient.send(bridge, "POST", "/r/x")
            #expect(reply.status == 201)
            #expect(reply["Content-Length"] == "5" && reply["Transfer-Encoding"] == nil)
            #expect(reply.fields.contains { $0.name == "X-Path" && $0.value == "p" })
            #expect(reply["Content-Type"] == "application/json")
            #expect(reply["Content-Security-Policy"] == "sandbox")
            #expect(reply["Date"] != nil)
            #expect(reply.text == "hello" && reply.isComplete)
        }
    }

    @Test func `an answer without any body says so`() async throws {
        try await TestBridge.with(TestPlugin { _, response in try await response.send() }, Self.patient) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 200 && reply["Content-Length"] == "0" && reply.isComplete)
        }
    }

    @Test func `RS-07 status and headers of the first message count, bodies are joined`() async throws {
        let method = resourceMethod([
            (201, [PluginHeader("x-a", "1")], Self.bytes("a")), (500, [PluginHeader("x-b", "2")], Self.bytes("b")),
            (0, [], []), (0, [], Self.bytes("c")),
        ])
        try await TestBridge.with(methods: [method]) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 201 && reply["X-A"] == "1" && reply["X-B"] == nil)
            #expect(reply["Transfer-Encoding"] == "chunked" && reply["Content-Length"] == nil)
            #expect(reply.text == "abc" && reply.isComplete)
        }
    }

    @Test func `the first byte leaves before the last is made`() async throws {
        let seen = Signal()
        let plugin = TestPlugin { _, response in
            try await response.send(
                headers: [PluginHeader("Content-Type", "text/event-stream")], body: Self.bytes("data: 1\n\n"))
            await seen.wait()
            try await response.write(Self.bytes("data: 2\n\n"))
        }
        // Events don't wait, however patient the bridge is.
        try await TestBridge.with(plugin, Self.patient) { bridge in
            try await TestClient.open(bridge, "/r") { reader in
                let head = try await reader.head()
                #expect(head["Content-Type"] == "text/event-stream")
                #expect(try await reader.chunk() == Self.bytes("data: 1\n\n"))
                seen.fire()
                #expect(try await reader.chunk() == Self.bytes("data: 2\n\n"))
                #expect(try await reader.chunk() == nil)
            }
        }
    }

    @Test func `headers without a body leave before the first byte of it`() async throws {
        let seen = Signal()
        let plugin = TestPlugin { _, response in
            try await response.send(status: 200)
            await seen.wait()
            try await response.write(Self.bytes("late"))
        }
        try await TestBridge.with(plugin) { bridge in
            try await TestClient.open(bridge, "/r") { reader in
                let head = try await reader.head()
                #expect(head.status == 200)
                seen.fire()
                #expect(try await reader.chunk() == Self.bytes("late"))
            }
        }
    }

    @Test(arguments: [Int32(-1), 0, 99, 100, 101, 199, 600, 999, 1000, .max])
    func `a status that is none of an answer is 502`(code: Int32) async throws {
        try await TestBridge.with(methods: [resourceMethod([(code, [], Self.bytes("x"))])]) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 502 && reply.text.contains("status \(code)"))
        }
    }

    @Test func `no message at all is 502`() async throws {
        try await TestBridge.with(methods: [resourceMethod([])]) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 502 && reply.text.contains("empty answer"))
        }
    }

    @Test func `RS-09 an error first is the answer, one after a message cuts the connection`() async throws {
        let failure = GRPCError(code: .permissionDenied, message: "not yours")
        try await TestBridge.with(methods: [resourceMethod([], failure: failure)]) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 403 && reply.text.contains("not yours"))
        }
        let big = [UInt8](repeating: 1, count: 100_000)
        try await TestBridge.with(methods: [resourceMethod([(200, [], big), (0, [], big)], failure: failure)]) {
            bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 200 && !reply.isComplete)
        }
    }

    @Test func `bytes that are no message are 502`() async throws {
        let method = GRPCServerMethod(.callResource) { call in
            Task {
                try? await call.write(GRPCPayload([0x0A, 0xFF]))
                call.finish()
            }
        }
        try await TestBridge.with(methods: [method]) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 502 && reply.text.contains("can't be read"))
        }
    }

    @Test func `hop-by-hop fields, cookies and what Connection names don't pass`() async throws {
        let headers = [
            PluginHeader("Connection", "X-Hop, close, content-type"), PluginHeader("x-hop", "1"),
            PluginHeader("Keep-Alive", "t"),
            PluginHeader("Transfer-Encoding", "chunked"), PluginHeader("Upgrade", "h2c"),
            PluginHeader("Set-Cookie", "a=b"), PluginHeader("Refresh", "0; url=https://evil.example"),
            PluginHeader("Content-Length", "999"), PluginHeader("Trailer", "X"), PluginHeader("TE", "trailers"),
            PluginHeader("Content-Security-Policy", "default-src *"), PluginHeader("bad name", "1"),
            PluginHeader("x-split", "a\r\nEvil: 1"), PluginHeader("content-type", "text/plain"),
            PluginHeader(name: "vary", values: [Self.bytes("A"), Self.bytes("B")]),
            PluginHeader("Date", "Tue, 15 Nov 1994 08:12:31 GMT"),
        ]
        try await TestBridge.with(methods: [resourceMethod([(200, headers, Self.bytes("ok"))])]) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            let dropped = [
                "X-Hop", "Keep-Alive", "Upgrade", "Set-Cookie", "Refresh", "Trailer", "TE", "bad name", "Evil",
            ]
            for name in dropped { #expect(reply[name] == nil, "\(name)") }
            #expect(reply["Content-Length"] != "999")
            #expect(reply["X-Split"] == "a  Evil: 1")
            #expect(reply.values("Content-Security-Policy") == ["sandbox"])
            #expect(reply.values("Content-Type") == ["text/plain"])
            #expect(reply.values("Vary") == ["A", "B"])
            #expect(reply.values("Date") == ["Tue, 15 Nov 1994 08:12:31 GMT"])
            #expect(reply.text == "ok" && reply.isComplete)
        }
    }

    @Test func `a stated length is kept when the first message is the whole body`() async throws {
        let right = [PluginHeader("Content-Length", "2")]
        try await TestBridge.with(methods: [resourceMethod([(200, right, Self.bytes("ok"))])]) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply["Content-Length"] == "2" && reply.text == "ok" && reply.isComplete)
        }
        // What a plugin sends beyond what it states is left out, and spoils nothing.
        try await TestBridge.with(methods: [resourceMethod([(200, right, Self.bytes("ok")), (0, [], [7])])]) { bridge in
            for _ in 0..<2 {
                let reply = try await TestClient.send(bridge, "/r")
                #expect(reply["Content-Length"] == "2" && reply.text == "ok" && reply.isComplete)
            }
        }
    }

    @Test func `HEAD gets the head alone`() async throws {
        let stated = [PluginHeader("Content-Length", "1234")]
        try await TestBridge.with(methods: [resourceMethod([(200, stated, Self.bytes("not this"))])]) { bridge in
            let reply = try await TestClient.send(bridge, "HEAD", "/r")
            #expect(reply.status == 200 && reply["Content-Length"] == "1234" && reply.isComplete)
        }
        try await TestBridge.with(methods: [resourceMethod([(200, [], Self.bytes("not this"))])]) { bridge in
            let reply = try await TestClient.send(bridge, "HEAD", "/r")
            #expect(reply["Content-Length"] == nil && reply["Transfer-Encoding"] == nil && reply.isComplete)
        }
    }

    @Test(arguments: [Int32(204), 304])
    func `statuses without a body have none`(code: Int32) async throws {
        let method = resourceMethod([
            (code, [PluginHeader("ETag", "x")], Self.bytes("gone")), (0, [], Self.bytes("too")),
        ])
        try await TestBridge.with(methods: [method]) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == Int(code) && reply["ETag".lowercased()] == "x" && reply.isComplete)
            #expect(reply["Content-Length"] == nil && reply["Content-Type"] == nil)
        }
    }

    @Test func `RS-08 a plugin without resources is 501, once noticed`() async throws {
        try await TestBridge.with(EmptyPlugin()) { bridge in
            #expect(!bridge.instance.isMissing(.callResource))
            for _ in 0..<2 {
                let reply = try await TestClient.send(bridge, "/r")
                #expect(reply.status == 501 && reply.text.contains("Resource/CallResource"))
            }
            #expect(bridge.instance.missingMethods == [.callResource])
            #expect(bridge.noticed.value == 1)
        }
    }
}
