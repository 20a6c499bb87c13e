import PluginKit
import RPC
import Testing

@testable import PluginBridge

@Suite(.timeLimit(.minutes(1)))
struct MetricsBridgeTests {
    @Test(arguments: [0, 1, 50_000])
    func `the text passes as it came`(lines: Int) async throws {
        let text = String(repeating: "x_total{a=\"ü\"} 1\n", count: lines)
        var plugin = TestPlugin()
        plugin.metrics = { text }
        let reply = try await TestBridge.with(plugin) { try await TestClient.send($0, "/metrics") }
        #expect(reply.status == 200 && reply.isComplete)
        #expect(reply["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(reply.text == text)
    }

    @Test func `a plugin without metrics is 501, a broken answer 502`() async throws {
        try await TestBridge.with(EmptyPlugin()) { bridge in
            let reply = try await TestClient.send(bridge, "/metrics")
            #expect(reply.status == 501)
            #expect(bridge.instance.missingMethods == [.collectMetrics])
        }
        let broken = GRPCServerMethod(.collectMetrics) { $0.reply(GRPCPayload([0x0A, 0x7F])) }
        let reply = try await TestBridge.with(methods: [broken]) { try await TestClient.send($0, "/metrics") }
        #expect(reply.status == 502)
    }

    // Below and above the size that leaves the event loop.
    @Test(arguments: [0, 10_000])
    func `what is not Prometheus' text is 502 with the line`(lines: Int) async throws {
        var plugin = TestPlugin()
        plugin.metrics = { String(repeating: "x_total 1\n", count: lines) + "{\"x_total\": 1}\n" }
        let reply = try await TestBridge.with(plugin) { try await TestClient.send($0, "/metrics") }
        #expect(reply.status == 502)
        #expect(
            reply.text.contains("line \(lines + 1) of its metrics is not of Prometheus' text format: "), "\(reply.text)"
        )
        #expect(reply.text.contains("{\\\"x_total\\\": 1}"), "\(reply.text)")
    }

    @Test func `a plugin that floods is 502 with the limit's name, and nothing of it is kept`() async throws {
        var plugin = TestPlugin()
        plugin.metrics = { String(repeating: "x_total 1\n", count: 10_000_000) }
        try await TestBridge.with(plugin) { bridge in
            let reply = try await TestClient.send(bridge, "/metrics")
            #expect(reply.status == 502, "\(reply.text)")
            #expect(reply.text.contains("limit is 16777216 (setting plugin-metrics-limit)"), "\(reply.text)")
            #expect(bridge.budget.inUse == 0)
        }
    }

    @Test func `a plugin whose answers fill the memory budget is refused before it is asked`() async throws {
        var plugin = TestPlugin()
        plugin.metrics = { "x_total 1\n" }
        try await TestBridge.with(plugin) { bridge in
            let charge = bridge.budget.charge(bridge.options.memoryLimit)
            let reply = try await TestClient.send(bridge, "/metrics")
            #expect(reply.status == 503 && reply.text.contains("plugin-memory-limit"), "\(reply.text)")
            withExtendedLifetime(charge) {}
        }
    }
}
