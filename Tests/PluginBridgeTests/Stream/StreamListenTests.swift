import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginKit
import Testing

@testable import PluginBridge

/// What clients get, in each format.
@Suite(.timeLimit(.minutes(1)))
struct StreamListenTests {
    @Test func `lines begin with the initial data and bring the packets in order`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock") { client, head in
                #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(head.contains("\r\nContent-Type: application/x-ndjson"))
                #expect(head.contains("\r\nCache-Control: no-store"))
                let first = try JSONValue.parse(try await client.line())
                #expect(first["type"] == "subscribed")
                #expect(try first["data"] == JSONValue.parse(#"{"hello":1}"#))
                await stage.plugin.wait { $0.runs.count == 1 }
                for number in 1...50 { stage.plugin.send("{\n\"n\": \(number)}") }
                for number in 1...50 {
                    let line = try JSONValue.parse(try await client.line())
                    #expect(try line["data"] == JSONValue.parse(#"{"n":\#(number)}"#))
                    #expect(line["type"] == "data")
                }
            }
            let subscription = try #require(stage.plugin.subscriptions.first)
            #expect(subscription.path == "clock" && subscription.headers == ["X-Test": "1"])
            #expect(subscription.context.user?.login == "ann")
            // The call that all share has the name of the first.
            #expect(stage.plugin.runs.first?.context.user?.login == "ann")
        }
    }

    @Test func `Server-Sent Events have ids and the plugin's JSON`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock", accept: "text/event-stream") { client, head in
                #expect(head.contains("\r\nContent-Type: text/event-stream\r\n"))
                #expect(try await client.event().hasPrefix("retry: "))
                let first = try await client.event().split(separator: "\n")
                #expect(first.count == 3 && first[0].hasPrefix("id: ") && first[0].hasSuffix("-0"))
                #expect(first.dropFirst() == ["event: subscribed", #"data: {"hello":1}"#])
                await stage.plugin.wait { $0.runs.count == 1 }
                stage.plugin.send(#"{"n":1}"#)
                let packet = try await client.event().split(separator: "\n")
                #expect(packet == ["\(first[0].dropLast())1", #"data: {"n":1}"#])
            }
        }
    }

    @Test func `a WebSocket listens and publishes`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.connect { client in
                try await client.send(Self.upgrade())
                #expect(try await client.head().hasPrefix("HTTP/1.1 101 "))
                #expect(try await client.textFrame().hasSuffix(#""data":{"hello":1}}"#))
                await stage.plugin.wait { $0.runs.count == 1 }
                stage.plugin.send(#"{"n":1}"#)
                #expect(try await client.textFrame().hasSuffix(#"-1","data":{"n":1}}"#))
                try await client.send(Self.frame(1, #"{"x":1}"#))
                var texts = [try await client.textFrame(), try await client.textFrame()]
                let published = #"{"from":"plugin","was":{"x":1}}"#
                texts.sort()
                #expect(texts[0].hasSuffix(#"-2","data":\#(published)}"#))
                #expect(texts[1] == #"{"type":"published","data":\#(published)}"#)
                try await client.send(Self.frame(1, "nonsense") + Self.frame(2, "{}") + Self.frame(9, "p"))
                #expect(try await client.textFrame().hasPrefix(#"{"type":"refused","code":400,"#))
                #expect(try await client.textFrame().hasPrefix(#"{"type":"refused","code":415,"#))
                #expect(try await client.frame()?.opcode == 10)
                try await client.send(Self.frame(8, ""))
                #expect(try await client.frame()?.opcode == 8)
                #expect(try await client.frame() == nil)
            }
            await stage.plugin.wait { $0.ends == 1 }
        }
    }

    @Test func `a WebSocket's first message says what it listens for`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.connect { client in
                try await client.send(Self.upgrade("clock", "X-User: eve\r\n"))
                #expect(try await client.head().hasPrefix("HTTP/1.1 101 "))
                #expect(try await client.textFrame().contains(#""type":"subscribed""#))
                try await client.send(Self.frame(1, #"{"type":"subscribe","data":{"a":1}}"#))
                #expect(try await client.textFrame().contains(#""type":"subscribed""#))
                await stage.plugin.wait { $0.runs.count == 2 }
                // The run without data has nobody left who listens.
                await stage.plugin.wait { $0.ends == 1 }
                stage.plugin.send(#"{"n":1}"#)
                #expect(try await client.textFrame().hasSuffix(#""data":{"n":1}}"#))
                // The same data again is another listener of the same run, whoever asks.
                try await stage.listen(#"clock?data=%7B%22a%22:1%7D"#, headers: ["X-User": "bob"]) { other, _ in
                    _ = try await other.line()
                    stage.plugin.send(#"{"n":2}"#)
                    #expect(try await other.line().hasSuffix(#""data":{"n":2}}"#))
                }
            }
            #expect(
                stage.plugin.subscriptions.map { String(decoding: $0.data, as: UTF8.self) } == [
                    "", #"{"a":1}"#, #"{"a":1}"#,
                ])
            #expect(stage.plugin.runs.map { String(decoding: $0.data, as: UTF8.self) } == ["", #"{"a":1}"#])
            #expect(stage.plugin.runs.map { $0.context.user?.login } == ["eve", "eve"])
        }
    }

    @Test func `a subscription that the plugin refuses ends a WebSocket with the reason`() async throws {
        try await StreamStage.with { stage, running in
            try await stage.connect { client in
                try await client.send(Self.upgrade("bare"))
                #expect(try await client.head().hasPrefix("HTTP/1.1 101 "))
                _ = try await client.textFrame()
                try await stage.publish(.down(.backingOff, GatewayError(.serviceUnavailable, "down for a while")))
                try await client.send(Self.frame(1, #"{"data":[],"type":"subscribe"}"#))
                #expect(try await client.textFrame().contains("down for a while"))
                #expect(try await client.frame()?.opcode == 8)
            }
            try await stage.publish(.ready(running.instance))
        }
    }

    static func upgrade(_ path: String = "clock", _ fields: String = "") -> String {
        "GET /\(path) HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\(fields)"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    }

    /// A masked frame of a short text.
    static func frame(_ opcode: UInt8, _ text: String) -> [UInt8] {
        [0x80 | opcode, 0x80 | UInt8(text.utf8.count), 1, 2, 3, 4]
            + text.utf8.enumerated().map { $1 ^ UInt8($0 & 3 + 1) }
    }

    @Test(arguments: [
        ("missing", 404), ("secret", 403), ("broken", 502), ("fails", 502),
    ])
    func `refusals of the plugin come before the stream`(path: String, status: Int) async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen(path) { _, head in #expect(head.hasPrefix("HTTP/1.1 \(status) ")) }
            try await stage.connect { client in
                try await client.send(Self.upgrade(path))
                #expect(try await client.head().hasPrefix("HTTP/1.1 \(status) "))
            }
            #expect(stage.plugin.runs.isEmpty)
            #expect(await stage.hub.listeners() == 0)
        }
    }

    @Test func `refusals of the gateway don't reach the plugin`() async throws {
        try await StreamStage.with { stage, _ in
            for (accept, headers, status) in [
                ("text/html", [:], 406), ("*/*", ["Origin": "http://evil.example"], 403),
                ("text/event-stream", ["Origin": "null"], 403),
            ] {
                try await stage.listen("clock", accept: accept, headers: headers) { _, head in
                    #expect(head.hasPrefix("HTTP/1.1 \(status) "))
                }
            }
            try await stage.connect { client in
                try await client.send(Self.upgrade("clock", "Origin: https://localhost.evil.example\r\n"))
                #expect(try await client.head().hasPrefix("HTTP/1.1 403 "))
            }
            try await stage.listen("clock?data=%7B") { _, head in #expect(head.hasPrefix("HTTP/1.1 400 ")) }
            try await stage.connect { client in
                try await client.send("DELETE /clock HTTP/1.1\r\nHost: a\r\n\r\n")
                let head = try await client.head()
                #expect(head.hasPrefix("HTTP/1.1 405 ") && head.contains("\r\nAllow: GET"))
            }
            try await stage.publish(.down(.starting, GatewayError(.serviceUnavailable, "starting")))
            try await stage.listen("clock") { _, head in #expect(head.hasPrefix("HTTP/1.1 503 ")) }
            #expect(stage.plugin.events.isEmpty)
        }
    }

    @Test func `pages of the gateway's own origin may listen`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.connect { client in
                try await client.send(Self.upgrade("clock", "Origin: http://localhost\r\n"))
                #expect(try await client.head().hasPrefix("HTTP/1.1 101 "))
            }
        }
    }

    @Test func `a client that comes again gets what it has missed`() async throws {
        try await StreamStage.with(configure: { $0.replayMessages = 3 }) { stage, _ in
            try await stage.listen("clock") { keeper, _ in
                _ = try await keeper.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                for number in 1...6 { stage.plugin.send("\(number)") }
                var ids: [String] = []
                for _ in 1...6 { ids.append(try JSONValue.parse(try await keeper.line())["id"]?.asString ?? "") }
                try await stage.listen("clock", headers: ["Last-Event-ID": ids[3]]) { client, _ in
                    let lines = [try await client.line(), try await client.line()]
                    #expect(lines.map { $0.suffix(2) } == ["5}", "6}"])
                    stage.plugin.send("7")
                    #expect(try await client.line().hasSuffix(#""data":7}"#))
                }
                _ = try await keeper.line()
                try await stage.listen("clock?lastEventId=\(ids[0])") { client, _ in
                    let notice = try await client.line()
                    #expect(notice == #"{"type":"dropped","count":3}"#)
                    let next = try await client.line()
                    #expect(next.hasSuffix(#""data":5}"#))
                }
                for unknown in ["x", "ffffffff-1", "-", String(ids[0].dropLast()) + "99"] {
                    try await stage.listen("clock", headers: ["Last-Event-ID": unknown]) { client, _ in
                        let first = try await client.line()
                        #expect(first.hasPrefix(#"{"type":"subscribed""#))
                    }
                }
            }
        }
    }

    @Test func `a client that comes late gets the newest schema`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("bare") { keeper, _ in
                #expect(try await keeper.line().hasSuffix(#""data":null}"#))
                await stage.plugin.wait { $0.runs.count == 1 }
                for json in [#"{"schema":1}"#, #"{"schema":2}"#, #"{"data":3}"#] { stage.plugin.send(json) }
                for _ in 1...3 { _ = try await keeper.line() }
                try await stage.listen("bare") { client, _ in
                    let subscribed = try await client.line()
                    #expect(subscribed.hasSuffix(#"-3","data":null}"#))
                    let full = try await client.line()
                    #expect(full == #"{"type":"data","data":{"schema":2}}"#)
                    stage.plugin.send("4")
                    let live = try await client.line()
                    #expect(live.hasSuffix(#"-4","data":4}"#))
                }
            }
        }
    }

    @Test func `idle clients get signs of life`() async throws {
        try await StreamStage.with(configure: { $0.heartbeat = 1 }) { stage, _ in
            try await stage.listen("clock", accept: "text/event-stream") { client, _ in
                _ = [try await client.event(), try await client.event()]
                #expect(try await client.event() == ": ping")
                try await stage.listen("clock") { other, _ in
                    _ = try await other.line()
                    #expect(try await other.line() == #"{"type":"heartbeat"}"#)
                }
            }
        }
    }
}
