import DataFrames
import DataPlaneAPI
import PluginKit
import PluginProtocol
import RPC
import Testing

@testable import PluginBridge

@Suite(.timeLimit(.minutes(1)))
struct MemoryBudgetTests {
    @Test func `a budget refuses while it is used up and only then`() {
        let budget = MemoryBudget(limit: 100)
        #expect(budget.refusal == nil)
        var charge: MemoryBudget.Charge? = budget.charge(100)
        #expect(budget.refusal?.httpStatus == 503)
        #expect(charge != nil)
        charge = nil
        #expect(budget.inUse == 0)
        #expect(budget.refusal == nil)
    }

    @Test func `a message that doesn't fit takes the room of no other`() throws {
        let budget = MemoryBudget(limit: 100)
        let large = try budget.admit(80)
        #expect(throws: GatewayError.self) { try budget.admit(21) }
        #expect(budget.inUse == 80)
        let small = try budget.admit(20)
        #expect(budget.inUse == 100)
        // What brings an answer forward that has begun always goes on.
        let next = try budget.take(10, isFirst: false)
        #expect(budget.inUse == 110)
        do {
            _ = try budget.take(10, isFirst: true)
            Issue.record("a new answer came beyond the limit")
        } catch { #expect(error.httpStatus == 503 && error.retryAfterSeconds == 1) }
        do { _ = try budget.admit(101) } catch { #expect(error.httpStatus == 502 && error.retryAfterSeconds == nil) }
        withExtendedLifetime((large, small, next)) {}
    }

    @Test func `many that ask at once never take more than there is`() async {
        let budget = MemoryBudget(limit: 1000)
        let kept = await withTaskGroup(of: [MemoryBudget.Charge].self) { group in
            for _ in 0..<8 { group.addTask { (0..<100).compactMap { _ in try? budget.admit(7) } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(kept.count == 1000 / 7 && budget.inUse == kept.count * 7)
    }

    @Test func `what ends a call says whether it may come again`() {
        let budget = MemoryBudget(limit: 100)
        let charge = budget.charge(50)
        for (pressure, isAlone, status) in [(140, true, 503), (160, true, 502), (160, false, 503)] {
            let ending = budget.ending(pressure: pressure, isAlone: isAlone)
            let error = PluginFault.error(ending, pluginID: "p", timeout: 7)
            #expect(error.httpStatus == status)
            #expect((error.retryAfterSeconds != nil) == (status == 503))
            #expect(error.message.contains("plugin-memory-limit"))
        }
        withExtendedLifetime(charge) {}
    }

    @Test func `watches tell each other what they see`() {
        let budget = MemoryBudget(limit: 100)
        let first = budget.addWatch()
        let second = budget.addWatch()
        #expect(budget.report(second, receiving: 3) == (0, true))
        #expect(budget.report(first, receiving: 2) == (3, true))
        #expect(budget.report(second, receiving: 3) == (2, false))
    }

    @Test(arguments: ["/metrics", "/health", "/query", "/resource/x"])
    func `an answer beyond the budget is refused in every service`(path: String) async throws {
        var options = TestBridge.Options()
        options.memoryLimit = 100_000
        let large = [UInt8](repeating: 0, count: 200_000)
        let methods = [PluginMethod.collectMetrics, .checkHealth, .queryData, .callResource].map { method in
            GRPCServerMethod(method) { call in
                Task {
                    if method.isStreaming {
                        try? await call.write(GRPCPayload(large))
                        call.finish()
                    } else {
                        call.reply(GRPCPayload(large))
                    }
                }
            }
        }
        try await TestBridge.with(methods: methods, options) { bridge in
            let isQuery = path == "/query"
            let reply = try await TestClient.send(
                bridge, isQuery ? "POST" : "GET", path, body: isQuery ? QueryBody.of("A") : [])
            #expect(reply.status == 502 && reply.text.contains("plugin-memory-limit"), "\(reply.text)")
            #expect(bridge.budget.inUse == 0)
        }
    }

    @Test func `a large answer is charged until its client has taken it`() async throws {
        var plugin = TestPlugin()
        // Few lines: every one is read before the text goes on, which takes a debug build its time.
        let text = String(repeating: "# HELP x_total \(String(repeating: "x", count: 999_984))\n", count: 30)
        plugin.metrics = { text }
        var options = TestBridge.Options()
        options.metricsLimit = 64 << 20
        try await TestBridge.with(plugin, options) { bridge in
            try await TestClient.open(bridge, "/metrics") { reader in
                let head = try await reader.head()
                #expect(head.status == 200)
                #expect(bridge.budget.inUse >= 30_000_000)
                #expect(try await reader.skip(30_000_000))
            }
            // The last bytes may be here before the exchange is over there.
            while bridge.budget.inUse > 0 { await Task.yield() }
        }
    }
}
