import PluginKit
import PluginProtocol
import RPC
import Testing

@testable import PluginBridge

@Suite(.timeLimit(.minutes(1)))
struct MethodProbeTests {
    @Test func `what a plugin lacks is found out, and nothing of what it has runs`() async throws {
        let ran = Counter()
        var plugin = TestPlugin { _, _ in ran.add() }
        plugin.health = { _ in
            ran.add()
            return HealthResult(status: .ok, message: "")
        }
        try await TestBridge.with(plugin) { bridge in
            await MethodProbe.run(bridge.instance)
            #expect(
                bridge.instance.missingMethods == [
                    .queryData, .queryChunkedData, .subscribeStream, .runStream, .publishStream, .validateAdmission,
                    .mutateAdmission, .convertObjects,
                ])
            #expect(ran.value == 0 && bridge.noticed.value == 8)
            await MethodProbe.run(bridge.instance)
            #expect(bridge.noticed.value == 8)
        }
    }

    @Test func `a plugin that has chunks lacks none of the queries`() async throws {
        let ran = Counter()
        try await TestBridge.with(ChunkPlugin { _, _ in ran.add() }) { bridge in
            await MethodProbe.run(bridge.instance, methods: [.queryData, .queryChunkedData])
            #expect(bridge.instance.missingMethods.isEmpty && ran.value == 0)
        }
    }

    @Test func `a process that is gone says nothing`() async throws {
        let runtime = try GRPCRuntime()
        let path = try TemporarySocket.path()
        defer { TemporarySocket.remove(path) }
        let channel = try GRPCChannel(runtime: runtime, address: .unix(path: path))
        let instance = PluginInstance(pluginID: "gone", generation: 1, pid: nil, channel: channel)
        await MethodProbe.run(instance, methods: [.queryData, .callResource])
        #expect(instance.missingMethods.isEmpty)
    }
}
