import Foundation
import Glibc
import Testing

/// The service `stream` in its three forms.
@Suite(.timeLimit(.minutes(5)))
struct StreamServiceTests {
    private static let ticks = "\(ShowcaseGateway.source)/stream/ticks"
    private static let chat = "\(ShowcaseGateway.source)/stream/chat"
    private static let events = [("Accept", "text/event-stream")]

    @Test func `ticks come as Server-Sent Events`() throws {
        let stream = try BodyLines(try ShowcaseGateway.shared.get(), Self.ticks, Self.events)
        #expect(stream.head["Content-Type"] == "text/event-stream")
        #expect(stream.head["Cache-Control"] == "no-store")
        #expect(try stream.event()["retry"] != nil)
        let first = try stream.event()
        #expect(first["event"] == "subscribed" && first["data"] == #"{"tick":0}"#, "\(first)")
        let (one, two) = (try stream.eventData(), try stream.eventData())
        #expect(one.id != two.id && !one.id.isEmpty)
        #expect(try #require(two.data["tick"] as? Int) == #require(one.data["tick"] as? Int) + 1)
    }

    @Test func `ticks come as JSON lines`() throws {
        let stream = try BodyLines(try ShowcaseGateway.shared.get(), Self.ticks)
        #expect(stream.head["Content-Type"] == "application/x-ndjson")
        let first = try stream.json()
        #expect(first["type"] as? String == "subscribed" && first.at("data.tick") as? Int == 0, "\(first)")
        let (one, two) = (try stream.json(), try stream.json())
        #expect(one["type"] as? String == "data" && one["id"] is String, "\(one)")
        #expect(try #require(two.at("data.tick") as? Int) == #require(one.at("data.tick") as? Int) + 1)
    }

    @Test func `ticks come over a WebSocket`() throws {
        let socket = try WebSocketClient(try ShowcaseGateway.shared.get(), Self.ticks)
        #expect(socket.head.status == 101)
        #expect(socket.head["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(try socket.message("subscribed").at("data.tick") as? Int == 0)
        let (one, two) = (try socket.message("data"), try socket.message("data"))
        #expect(try #require(two.at("data.tick") as? Int) == #require(one.at("data.tick") as? Int) + 1)
        // A ping is answered with its payload, a close with a close.
        try socket.send(0x9, Array("hello".utf8))
        var frame = try socket.read()
        while frame.opcode == 1 { frame = try socket.read() }
        #expect(frame.opcode == 0xA && frame.payload == Array("hello".utf8))
        try socket.send(0x8, [0x03, 0xE8])
        frame = try socket.read()
        while frame.opcode == 1 { frame = try socket.read() }
        #expect(frame.opcode == 0x8 && frame.payload.starts(with: [0x03, 0xE8]))
    }

    @Test func `listeners share one run of the stream and a late one can catch up`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let early = try BodyLines(gateway, Self.ticks, Self.events)
        var last = try early.eventData()
        for _ in 0..<2 { last = try early.eventData() }
        let tick = try #require(last.data["tick"] as? Int)
        let late = try BodyLines(gateway, Self.ticks, Self.events)
        // A run of its own would begin with 1.
        #expect(try #require(try late.eventData().data["tick"] as? Int) > tick)
        let returning = try BodyLines(gateway, Self.ticks, Self.events + [("Last-Event-ID", last.id)])
        #expect(try returning.eventData().data["tick"] as? Int == tick + 1)
    }

    @Test func `a stream goes on after its plugin was killed`() throws {
        let gateway = try ShowcaseGateway.start()
        let stream = try BodyLines(gateway, Self.ticks)
        func tick() throws -> Int {
            while true {
                let line = try stream.json()
                if line["type"] as? String == "data", let tick = line.at("data.tick") as? Int { return tick }
                if line["type"] as? String == "error" { throw Trouble("\(line)") }
            }
        }
        while try tick() < 3 {}
        let plugins = ProcessFacts.children(gateway.process.pid)
        #expect(plugins.count == 1)
        for plugin in plugins { kill(plugin, SIGKILL) }
        // The next process counts from 1.
        while try tick() > 2 {}
    }

    @Test func `what the plugin refuses is refused before the first byte`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let source = ShowcaseGateway.source
        for headers in [[], Self.events] {
            let secret = try gateway.request("GET", "\(source)/stream/secret", headers)
            #expect(secret.status == 403 && secret.isStatus, "\(secret.text)")
            let missing = try gateway.request("GET", "\(source)/stream/nothing", headers)
            #expect(missing.status == 404 && missing.isStatus && missing.message.contains("nothing"), "\(missing.text)")
        }
        let socket = try WebSocketClient(gateway, "\(source)/stream/secret")
        #expect(socket.head.status == 403)
        #expect(try gateway.request("GET", Self.ticks, [("Accept", "image/png")]).status == 406)
    }

    @Test func `pages of others may not listen`() throws {
        // From this machine, so that only the page is at fault.
        let origin = [("Origin", "https://evil.example")]
        let gateway = try ShowcaseGateway.shared.get()
        #expect(try gateway.request("GET", Self.ticks, Self.events + origin).status == 403)
        #expect(try WebSocketClient(gateway, Self.ticks, origin).head.status == 403)
    }

    @Test func `what is published reaches every listener`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let lines = try BodyLines(gateway, Self.chat)
        #expect(try lines.json()["type"] as? String == "subscribed")
        let socket = try WebSocketClient(gateway, Self.chat)
        _ = try socket.message("subscribed")
        let answer = try gateway.request("POST", Self.chat, body: #"{"say":"hello"}"#)
        #expect(answer.status == 200 && answer.text == #"{"say":"hello"}"#, "\(answer.text)")
        #expect(try lines.json().at("data.say") as? String == "hello")
        #expect(try socket.message("data").at("data.say") as? String == "hello")
        try socket.send(#"{"say":"from the socket"}"#)
        #expect(try lines.json().at("data.say") as? String == "from the socket")
        try socket.send("no JSON")
        #expect(try socket.message("refused")["code"] as? Int == 400)
    }

    @Test func `publishing is refused where the plugin or the body says so`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let denied = try gateway.request("POST", Self.ticks, body: "{}")
        #expect(denied.status == 403 && denied.isStatus, "\(denied.text)")
        let broken = try gateway.request("POST", Self.chat, body: "no JSON")
        #expect(broken.status == 400 && broken.isStatus, "\(broken.text)")
    }
}
