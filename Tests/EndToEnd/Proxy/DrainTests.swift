import Foundation
import Glibc
import Testing

/// What SIGTERM means to whom.
@Suite(.timeLimit(.minutes(5)))
struct DrainTests {
    /// Stops the gateway and says how long that took.
    private static func stop(_ gateway: Gateway) -> Double {
        let start = Date()
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 25))
        return Date().timeIntervalSince(start)
    }

    @Test func `a hundred WebSockets are told to leave and hold nothing up`() throws {
        let upstream = try Upstream()
        let gateway = try Gateway(upstream: upstream.port)
        let sockets = try (0..<100).map { _ in try WebSocketClient(gateway, "/websocket") }
        for socket in sockets { #expect(try socket.read().payload == Array("hello".utf8)) }
        let cut = try WebSocketClient(gateway, "/websocket?part=1")
        #expect(cut.head.status == 101)
        #expect(Self.stop(gateway) < 1)
        for socket in sockets {
            let (opcode, payload) = try socket.read()
            #expect(opcode == 0x8 && payload.prefix(2) == [0x03, 0xE9])
        }
        // Nothing is put into the middle of a frame.
        #expect(throws: (any Error).self) { try cut.read() }
        let deadline = Date(timeIntervalSinceNow: 5)
        while try upstream.statistic("goodbyes") < 101, Date() < deadline {}
        #expect(try upstream.statistic("goodbyes") == 101)
    }

    @Test func `idle connections, tunnels and event streams end at once`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        let idle = try (0..<100).map { _ in try gateway.connect() }
        for client in idle { #expect(try client.request("GET", "/k").status == 200) }
        let fresh = try gateway.connect()
        let tunnel = try gateway.connect()
        #expect(try tunnel.request("GET", "/ws", [("Connection", "Upgrade"), ("Upgrade", "echo")]).status == 101)
        let events = try gateway.connect()
        try events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try events.readHead().status == 200)
        let watch = try gateway.connect()
        try watch.send(
            "GET /apis/aggregation.grafana.app/v0alpha1/dataplaneservices?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try watch.readHead().status == 200)
        #expect(Self.stop(gateway) < 1)
        for client in idle { #expect(try client.readToEnd().isEmpty) }
        #expect(try fresh.readToEnd().isEmpty)
        #expect(String(decoding: try tunnel.readToEnd(), as: UTF8.self) == "hello")
        // A whole answer: an EventSource asks again.
        #expect(String(decoding: try events.readToEnd(), as: UTF8.self).hasSuffix("0\r\n\r\n"))
    }

    @Test func `the streams of plugins end at once`() throws {
        let gateway = try ShowcaseGateway.start()
        let path = "\(ShowcaseGateway.source)/stream/ticks"
        let sockets = try (0..<20).map { _ in try WebSocketClient(gateway, path) }
        for socket in sockets { #expect(socket.head.status == 101) }
        let events = try gateway.connect()
        try events.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        #expect(try events.readHead().status == 200)
        // The plugin's own end is a part of it.
        #expect(Self.stop(gateway) < 2)
        for socket in sockets {
            var last: (opcode: UInt8, payload: [UInt8]) = (0, [])
            while last.opcode != 0x8 { last = try socket.read() }
            #expect(last.payload.prefix(2) == [0x03, 0xE9])
        }
        #expect(String(decoding: try events.readToEnd(), as: UTF8.self).hasSuffix("0\r\n\r\n"))
    }

    @Test func `what is under way is finished, and who comes meanwhile is served`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        let slow = try gateway.connect()
        try slow.send("GET /late?n=700 HTTP/1.1\r\nHost: a\r\n\r\n")
        let other = try gateway.connect()
        #expect(try other.request("GET", "/k").status == 200)
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.stderr.wait(containing: "stopping") != nil)
        let new = try gateway.connect().request("GET", "/new")
        #expect(new.status == 200 && new["Connection"] == "close")
        // A tunnel that begins now is of no use to anybody.
        let late = try WebSocketClient(gateway, "/websocket")
        #expect(try late.read().payload == Array("hello".utf8))
        #expect(try late.read().opcode == 0x8)
        let answer = try slow.readAnswer()
        #expect(answer.text == "late" && answer["Connection"] == "close")
        #expect(gateway.process.waitForExit(seconds: 5))
        #expect(gateway.process.exitStatus == 0)
    }
}
