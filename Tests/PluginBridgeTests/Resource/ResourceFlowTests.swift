import PluginKit
import PluginProtocol
import Testing

@testable import PluginBridge

/// Back-pressure, ends and limits of resource calls.
@Suite(.timeLimit(.minutes(2)))
struct ResourceFlowTests {
    private static let megabyte = [UInt8](repeating: 7, count: 1 << 20)

    /// Bytes of which no stretch looks like another.
    private static func pattern(_ first: Int, _ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
            for index in 0..<count {
                let place = first &+ index
                bytes[index] = UInt8(truncatingIfNeeded: place ^ place >> 8 ^ place >> 16)
            }
            initialized = count
        }
    }

    @Test func `a client that doesn't read holds the plugin back`() async throws {
        let written = Counter()
        let total = 96
        let plugin = TestPlugin { request, response in
            guard request.path == "big" else { return try await response.send(body: [1]) }
            try await response.send()
            for _ in 0..<total {
                try await response.write(Self.megabyte)
                written.add()
            }
        }
        try await TestBridge.with(plugin) { bridge in
            try await TestClient.open(bridge, "/r/big") { reader in
                #expect(try await reader.head().status == 200)
                // Other calls go on meanwhile, over the same loop and connection to the plugin.
                try await written.settle(below: total) {
                    let other = try await TestClient.send(bridge, "/r/small")
                    #expect(other.status == 200)
                }
                #expect(written.value < total / 2)
                #expect(bridge.budget.inUse <= 2 << 20)
                var bytes = 0
                while let chunk = try await reader.chunk() { bytes += chunk.count }
                #expect(bytes == total << 20)
                #expect(written.value == total)
            }
            #expect(bridge.budget.inUse == 0)
        }
    }

    @Test func `a plugin that answers for data sources only is 404, and is remembered for it`() async throws {
        let plugin = TestPlugin { _, _ in throw PluginError("data source instance settings cannot be nil") }
        try await TestBridge.with(plugin) { bridge in
            #expect(!bridge.instance.needsDataSource)
            let reply = try await TestClient.send(bridge, "/r/x")
            #expect(reply.status == 404 && reply.text.contains("none can be chosen"), "\(reply.text)")
            #expect(bridge.instance.needsDataSource)
            _ = try await TestClient.send(bridge, "/r/x")
            #expect(bridge.noticed.value == 1)
        }
    }

    @Test func `one message of 64 MB passes whole and is charged while it is held`() async throws {
        let size = 64 << 20
        let plugin = TestPlugin { _, response in
            try await response.send(body: Self.pattern(0, size))
        }
        try await TestBridge.with(plugin) { bridge in
            try await TestClient.open(bridge, "/r") { reader in
                _ = try await reader.head()
                #expect(bridge.budget.inUse >= size)
                var bytes = 0
                while let chunk = try await reader.chunk() {
                    #expect(chunk == Self.pattern(bytes, chunk.count))
                    bytes += chunk.count
                }
                #expect(bytes == size)
            }
            #expect(bridge.budget.inUse == 0)
        }
    }

    @Test func `the memory budget sheds with 503, and a message beyond it alone is 502`() async throws {
        var options = TestBridge.Options()
        options.memoryLimit = 3 << 20
        let plugin = TestPlugin { request, response in
            try await response.send(body: [UInt8](repeating: 9, count: request.path == "huge" ? 4 << 20 : 2 << 20))
        }
        try await TestBridge.with(plugin, options) { bridge in
            let huge = try await TestClient.send(bridge, "/r/huge")
            #expect(huge.status == 502 && huge.text.contains("plugin-memory-limit"))
            let held = bridge.budget.charge(2 << 20)
            let shed = try await TestClient.send(bridge, "/r")
            #expect(shed.status == 503 && shed["Retry-After"] == "1" && shed.text.contains("plugin-memory-limit"))
            withExtendedLifetime(held) {}
            let more = bridge.budget.charge(3 << 20)
            #expect(try await TestClient.send(bridge, "/r").status == 503)
            withExtendedLifetime(more) {}
        }
    }

    @Test func `a large message beyond the budget cuts an answer that has begun, a small one doesn't`() async throws {
        var options = TestBridge.Options()
        options.memoryLimit = 3 << 20
        let ended = Signal()
        let plugin = TestPlugin { request, response in
            defer { ended.fire() }
            try await response.send(body: [1])
            try await response.write([UInt8](repeating: 9, count: request.path == "small" ? 1 << 19 : 2 << 20))
        }
        try await TestBridge.with(plugin, options) { bridge in
            let held = bridge.budget.charge(5 << 19)
            let small = try await TestClient.send(bridge, "/r/small")
            #expect(small.status == 200 && small.isComplete && small.body.count == 1 + 1 << 19)
            let large = try await TestClient.send(bridge, "/r/large")
            #expect(large.status == 200 && !large.isComplete)
            await ended.wait()
            while bridge.budget.inUse > 5 << 19 { await Task.yield() }
            withExtendedLifetime(held) {}
        }
    }

    @Test func `a client that leaves ends the call`() async throws {
        let ended = Signal()
        let plugin = TestPlugin { _, response in
            defer { ended.fire() }
            try await response.send()
            while true { try await response.write([1]) }
        }
        try await TestBridge.with(plugin) { bridge in
            try await TestClient.open(bridge, "/r") { reader in
                _ = try await reader.head()
                #expect(try await reader.chunk() != nil)
            }
            await ended.wait()
        }
    }

    @Test func `a client that leaves before the answer ends the call`() async throws {
        let started = Signal()
        let ended = Signal()
        let plugin = TestPlugin { _, _ in
            started.fire()
            defer { ended.fire() }
            try await Task.sleep(for: .seconds(3600))
        }
        try await TestBridge.with(plugin) { bridge in
            try await TestClient.open(bridge, "/r") { _ in await started.wait() }
            await ended.wait()
        }
    }

    @Test func `a plugin that stays silent is 504 and its call is ended`() async throws {
        let ended = Signal()
        let plugin = TestPlugin { _, _ in
            defer { ended.fire() }
            try await Task.sleep(for: .seconds(3600))
        }
        var options = TestBridge.Options()
        options.timeout = 1
        try await TestBridge.with(plugin, options) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 504 && reply.text.contains("plugin-call-timeout"))
            await ended.wait()
        }
    }

    @Test func `a stream that falls silent for longer than its time-out is cut`() async throws {
        let ended = Signal()
        let plugin = TestPlugin { _, response in
            defer { ended.fire() }
            try await response.send(body: [1])
            try await response.write([2])
            try await Task.sleep(for: .seconds(3600))
        }
        var options = TestBridge.Options()
        options.idleTimeout = 6
        try await TestBridge.with(plugin, options) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.body == [1, 2] && !reply.isComplete)
            await ended.wait()
        }
    }

    @Test func `an answer beyond its limit is refused, or cut when it has begun`() async throws {
        var options = TestBridge.Options()
        options.responseLimit = 1000
        let big = [UInt8](repeating: 1, count: 800)
        let methods = resourceMethod([(200, [], big), (0, [], big)])
        try await TestBridge.with(methods: [methods], options) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 502 || !reply.isComplete)
        }
        try await TestBridge.with(methods: [resourceMethod([(200, [], big + big)])], options) { bridge in
            let reply = try await TestClient.send(bridge, "/r")
            #expect(reply.status == 502 && reply.text.contains("plugin-response-limit"))
        }
    }

}
