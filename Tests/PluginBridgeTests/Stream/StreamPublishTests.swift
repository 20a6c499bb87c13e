import DataPlaneAPI
import NIOCore
import Testing

@testable import PluginBridge

/// Publishing by POST.
@Suite(.timeLimit(.minutes(1)))
struct StreamPublishTests {
    private func post(_ stage: StreamStage, _ path: String, _ body: String, _ fields: String = "") async throws -> (
        head: String, body: String
    ) {
        try await stage.connect { client in
            try await client.send(
                "POST /\(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(fields)"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            return (try await client.head(), try await client.next("never"))
        }
    }

    @Test func `what the plugin makes of it is the answer and goes to every listener`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("clock") { first, _ in
                try await stage.listen("clock?data=2") { second, _ in
                    _ = [try await first.line(), try await second.line()]
                    let answer = try await post(stage, "clock", #"{"x":1}"#)
                    #expect(answer.head.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(answer.body == #"{"from":"plugin","was":{"x":1}}"#)
                    #expect(try await first.line().hasSuffix(#"-1","data":\#(answer.body)}"#))
                    #expect(try await second.line().hasSuffix(#"-1","data":\#(answer.body)}"#))
                }
            }
        }
    }

    @Test func `what the plugin swallows goes nowhere`() async throws {
        try await StreamStage.with { stage, _ in
            try await stage.listen("silent") { client, _ in
                _ = try await client.line()
                #expect(try await post(stage, "silent", "1").body == "{}")
                await stage.plugin.wait { $0.runs.count == 1 }
                stage.plugin.send("2")
                #expect(try await client.line().hasSuffix(#"-1","data":2}"#))
            }
        }
    }

    @Test func `refusals have their status`() async throws {
        try await StreamStage.with { stage, _ in
            #expect(try await post(stage, "missing", "1").head.hasPrefix("HTTP/1.1 404 "))
            #expect(try await post(stage, "secret", "1").head.hasPrefix("HTTP/1.1 403 "))
            #expect(try await post(stage, "clock", "{").head.hasPrefix("HTTP/1.1 400 "))
            #expect(try await post(stage, "clock", "").head.hasPrefix("HTTP/1.1 400 "))
            #expect(
                try await post(stage, "clock", "1", "Origin: http://evil.example\r\n").head.hasPrefix("HTTP/1.1 403 "))
            let large = try await post(stage, "clock", "\"\(String(repeating: "x", count: 65_536))\"")
            #expect(large.head.hasPrefix("HTTP/1.1 413 ") && large.body.contains("stream-publish-limit"))
        }
    }
}
