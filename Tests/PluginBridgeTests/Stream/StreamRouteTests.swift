import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginKit
import Testing

@testable import PluginBridge
@testable import RPC

/// Streams whose routes go, and plugins that have none.
@Suite(.timeLimit(.minutes(1)))
struct StreamRouteTests {
    private func serve(_ stage: StreamStage, while isClaimed: @escaping @Sendable (StreamKey) -> Bool) async throws {
        for loop in stage.group.makeIterator() {
            try await loop.submit { stage.hub.bridge(on: loop)?.serve(while: isClaimed) }.get()
        }
    }

    @Test func `a stream whose route goes ends for everybody, and the others go on`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock") { lines, _ in
                try await stage.listen("clock", accept: "text/event-stream") { events, _ in
                    try await stage.listen("other") { other, _ in
                        _ = try await lines.line()
                        for _ in 0..<2 { _ = try await events.event() }
                        _ = try await other.line()
                        await stage.plugin.wait { $0.runs.count == 2 }
                        try await serve(stage) { $0.path != "clock" }
                        // The call to the plugin is cancelled.
                        await stage.plugin.wait { $0.ends == 1 }
                        let ending = try await lines.line()
                        #expect(ending.contains(#""type":"error""#) && ending.contains(#""code":404"#), "\(ending)")
                        #expect(ending.contains("the route of this stream is gone"))
                        let last = try await lines.line()
                        #expect(last == "")
                        let event = try await events.event()
                        #expect(event.contains("the route of this stream is gone"))
                        stage.plugin.send("1")
                        let next = try await other.line()
                        #expect(next.hasSuffix(#""data":1}"#))
                    }
                }
            }
        }
    }

    @Test func `a client that was on its way when the route went is refused`() async throws {
        try await StreamStage.with { stage, _ in
            try await serve(stage) { _ in false }
            try await stage.listen("clock") { client, head in
                #expect(head.hasPrefix("HTTP/1.1 404 "), "\(head)")
                let refusal = try await client.next("\u{0}")
                #expect(refusal.contains("the route of this stream is gone"))
            }
            #expect(stage.plugin.runs.isEmpty)
            #expect(await stage.hub.streams() == 0)
            try await serve(stage) { _ in true }
            try await stage.listen("clock") { client, head in
                #expect(head.hasPrefix("HTTP/1.1 200 "))
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
            }
        }
    }

    @Test func `a stream that the plugin turns out to lack names its call`() async throws {
        try await StreamStage.with { stage, running in
            try await stage.listen("clock") { client, _ in
                _ = try await client.line()
                await stage.plugin.wait { $0.runs.count == 1 }
                stage.plugin.tell(.fail(GRPCError(code: .unimplemented, message: "no")))
                let ending = try await client.line()
                #expect(ending.contains("Stream/RunStream") && ending.contains(#""code":501"#), "\(ending)")
            }
            #expect(running.instance.isMissing(.runStream))
        }
    }
}
