import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginKit
import Synchronization
import Testing

@testable import PluginBridge
@testable import RPC

/// One RunStream call behind any number of clients: when it runs, and how it ends.
@Suite(.timeLimit(.minutes(1)))
struct StreamLifeTests {
    @Test func `clients on all loops share one call, which ends after the last`() async throws {
        try await StreamStage.with { stage, _ in
            let joined = Counter()
            try await withThrowingTaskGroup(of: Int.self) { clients in
                for _ in 0..<20 {
                    clients.addTask {
                        try await stage.listen("clock") { client, _ in
                            #expect(try await client.line().contains("subscribed"))
                            joined.add()
                            var packets = 0
                            while packets < 5 {
                                if try await client.line().contains(#""type":"data""#) { packets += 1 }
                            }
                            return packets
                        }
                    }
                }
                await stage.plugin.wait { $0.subscriptions.count == 20 && $0.runs.count == 1 }
                // Who joins later gets what comes later.
                while joined.value < 20 { await Task.yield() }
                for number in 1...5 { stage.plugin.send("\(number)") }
                for try await packets in clients { #expect(packets == 5) }
            }
            await stage.plugin.wait { $0.ends == 1 }
            #expect(stage.plugin.runs.count == 1)
            while await stage.hub.streams() > 0 { await Task.yield() }
            #expect(await stage.hub.listeners() == 0)
        }
    }

    @Test func `other data is another stream`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock?data=1") { _, _ in
                try await stage.listen("clock?data=2") { _, _ in
                    await stage.plugin.wait { $0.runs.count == 2 }
                    #expect(Set(stage.plugin.runs.map(\.data)) == [Array("1".utf8), Array("2".utf8)])
                }
            }
        }
    }

    @Test func `listeners stay while the plugin is started again`() async throws {
        try await StreamStage.with { stage, first in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                stage.plugin.send("1")
                #expect(try await client.line().hasSuffix(#""data":1}"#))
                try await stage.publish(.down(.backingOff, GatewayError(.serviceUnavailable, "down")))
                await first.server.stop()
                await stage.plugin.wait { $0.ends == 1 }
                let second = try await stage.startPlugin(generation: 2)
                try await stage.publish(.ready(second.instance))
                await stage.plugin.wait { $0.runs.count == 2 }
                stage.plugin.send("2")
                #expect(try await client.line().hasSuffix(#"-2","data":2}"#))
                await second.server.stop()
            }
        }
    }

    @Test func `a changed plugin takes over the streams of the old one`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                let second = try await stage.startPlugin(generation: 2)
                try await stage.publish(.ready(second.instance))
                await stage.plugin.wait { $0.runs.count == 2 && $0.ends == 1 }
                stage.plugin.send("2")
                #expect(try await client.line().hasSuffix(#"-1","data":2}"#))
                await second.server.stop()
            }
        }
    }

    @Test func `a stream that fails is run again`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                for run in 1...3 {
                    await stage.plugin.wait { $0.runs.count == run }
                    stage.plugin.send("\(run)")
                    #expect(try await client.line().hasSuffix(#""data":\#(run)}"#))
                    stage.plugin.tell(.fail(GRPCError(code: .unknown, message: "disk full")))
                }
                await stage.plugin.wait { $0.runs.count == 4 }
            }
        }
    }

    @Test func `a stream that the plugin ends is over`() async throws {
        try await StreamStage.with { stage, _ in
            for accept in ["application/x-ndjson", "text/event-stream"] {
                let runs = stage.plugin.runs.count
                try await stage.listen("clock", accept: accept) { client, _ in
                    await stage.plugin.wait { $0.runs.count == runs + 1 }
                    stage.plugin.send("1")
                    stage.plugin.tell(.finish)
                    let rest = try await client.next("never")
                    let end =
                        accept.hasPrefix("text")
                        ? "event: end\ndata: {\"reason\":\"finished\"}\n\n"
                        : #"{"type":"end","reason":"finished"}"# + "\n"
                    #expect(rest.hasSuffix(end) && rest.contains("data"))
                }
            }
            #expect(stage.plugin.runs.count == 2)
        }
    }

    @Test func `a connection that has carried a stream carries the next`() async throws {
        try await StreamStage.with(loops: 1) { stage, _ in
            try await stage.connect { client in
                let request = "GET /clock HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
                // The second waits, read already, for the first to end.
                try await client.send(request + request)
                for run in 1...2 {
                    let head = try await client.head()
                    #expect(head.contains("HTTP/1.1 200 OK\r\n") && head.contains("\r\nTransfer-Encoding: chunked"))
                    await stage.plugin.wait { $0.runs.count == run }
                    stage.plugin.send("\(run)")
                    stage.plugin.tell(.finish)
                    let body = try await client.next("\r\n0\r\n\r\n")
                    #expect(
                        body.contains("data: \(run)\n\n")
                            && body.hasSuffix("event: end\ndata: {\"reason\":\"finished\"}\n\n"))
                }
            }
        }
    }

    @Test func `what can't be mended and what is no JSON end the stream with the reason`() async throws {
        try await StreamStage.with { stage, _ in
            let commands: [(PluginStage.Command, String)] = [
                (
                    .fail(GRPCError(code: .permissionDenied, message: "no more")),
                    #""code":403,"reason":"Forbidden","message":"no more"}"#
                ),
                (
                    .send("{oops"),
                    #""code":502,"reason":"BadGateway","message":"plugin stage-plugin sent a packet that is no JSON"#
                ),
            ]
            for (number, (command, message)) in commands.enumerated() {
                try await stage.listen("clock") { client, _ in
                    _ = try await client.line()
                    await stage.plugin.wait { $0.runs.count == number + 1 }
                    stage.plugin.tell(command)
                    #expect(try await client.next("never").hasPrefix(#"{"type":"error","# + message))
                }
                await stage.plugin.wait { $0.ends == number + 1 }
            }
            try await stage.connect { client in
                try await client.send(StreamListenTests.upgrade())
                _ = [try await client.head(), try await client.textFrame()]
                await stage.plugin.wait { $0.runs.count == 3 }
                stage.plugin.send("[")
                #expect(try await client.textFrame().hasPrefix(#"{"type":"error","code":502"#))
                let close = try #require(try await client.frame())
                #expect(close.opcode == 8 && Array(close.payload.prefix(2)) == [0x03, 0xF3])
            }
        }
    }

    @Test func `a removed plugin and a stopping gateway end their streams`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                try await stage.publish(.down(.missing, PluginHost.unknown("stage-plugin")))
                #expect(try await client.next("never").hasPrefix(#"{"type":"error","code":503,"#))
            }
        }
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.hub.stop()
                #expect(try await client.next("never") == #"{"type":"end","reason":"goingAway"}"# + "\n")
            }
            try await stage.listen("clock") { _, head in #expect(head.hasPrefix("HTTP/1.1 503 ")) }
        }
    }

    @Test func `a plugin that stays away ends the stream, and so does the time of a client`() async throws {
        try await StreamStage.with(configure: { $0.outageMS = 20 }) { stage, first in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                try await stage.publish(.down(.crashLooping, GatewayError(.serviceUnavailable, "down")))
                await first.server.stop()
                let last = try await client.next("never")
                #expect(last.hasPrefix(#"{"type":"error","code":503,"#) && last.contains("did not come back"))
            }
        }
        try await StreamStage.with(
            configure: {
                $0.lifetime = 1
                $0.heartbeat = 1
            }
        ) { stage, _ in
            try await stage.listen("clock") { client, _ in
                let all = try await client.next("never")
                #expect(all.hasSuffix(#"{"type":"end","reason":"goingAway"}"# + "\n"))
            }
            await stage.plugin.wait { $0.ends == 1 }
        }
    }

    @Test func `changed settings run the stream anew, and a removed data source ends it`() async throws {
        try await StreamStage.with(loops: 1) { stage, _ in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                var context = PluginContext()
                context.orgID = 7
                let bytes = context.encoded()
                let loop = stage.group.any()
                let hub = stage.hub
                try await loop.submit { hub.bridge(on: loop)?.refresh { _ in bytes } }.get()
                await stage.plugin.wait { $0.runs.count == 2 && $0.ends == 1 }
                #expect(stage.plugin.runs.last?.context.orgID == 7)
                // The same again changes nothing.
                try await loop.submit { hub.bridge(on: loop)?.refresh { _ in bytes } }.get()
                stage.plugin.send("1")
                #expect(try await client.line().hasSuffix(#""data":1}"#))
                try await loop.submit { hub.bridge(on: loop)?.refresh { _ in nil } }.get()
                #expect(try await client.next("never").hasPrefix(#"{"type":"error","code":404,"#))
                #expect(stage.plugin.runs.count == 2)
            }
        }
    }

    @Test func `large packets keep their order among small ones`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                for number in 0..<10 {
                    let text = String(repeating: "x", count: number % 2 == 0 ? 200_000 : 3)
                    stage.plugin.send(#"{"n":\#(number),"text":"\#(text)"}"#)
                }
                for number in 0..<10 {
                    let line = try await client.line()
                    #expect(line.contains(#""n":\#(number),"#) && (line.utf8.count > 200_000) == (number % 2 == 0))
                }
            }
        }
    }

    @Test func `a packet above the limit ends the stream`() async throws {
        try await StreamStage.with(configure: { $0.packetLimit = 1000 }) { stage, _ in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                stage.plugin.send("\"\(String(repeating: "x", count: 1000))\"")
                #expect(try await client.line().contains("limit is 1000 (setting stream-packet-limit)"))
            }
        }
    }

    @Test func `limits refuse with their setting's name`() async throws {
        try await StreamStage.with(
            loops: 1,
            configure: {
                $0.listenerLimit = 2
                $0.streamLimit = 1
            }
        ) { stage, _ in
            try await stage.listen("clock") { _, _ in
                try await stage.listen("other") { client, head in
                    #expect(head.hasPrefix("HTTP/1.1 503 "))
                    let streams = try await client.next("never")
                    #expect(streams.contains("setting stream-limit"))
                }
                try await stage.listen("clock") { _, _ in
                    try await stage.listen("clock") { client, head in
                        #expect(head.hasPrefix("HTTP/1.1 503 "))
                        let listeners = try await client.next("never")
                        #expect(listeners.contains("setting stream-listeners-limit"))
                    }
                }
            }
        }
    }
}
