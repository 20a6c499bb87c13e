import DataFrames
import PluginKit
import PluginProtocol
import Testing

@testable import PluginBridge

/// Big chunks and slow clients.
@Suite(.timeLimit(.minutes(2)))
struct ChunkedQueryFlowTests {
    // Below and above the size that leaves the event loop.
    @Test(arguments: [500, 20_000])
    func `a client that doesn't read holds the plugin back`(rows: Int) async throws {
        let written = Counter()
        let total = 24_000_000 / (rows * 8)
        let plugin = ChunkPlugin { request, chunks in
            guard request.queries.first?.refID == "A" else { return }
            for index in 0..<total {
                try await chunks.send(Frame.counting(index * rows, rows), refID: "A", frameID: "f")
                written.add()
            }
        }
        try await TestBridge.with(plugin) { bridge in
            try await TestClient.open(
                bridge, "POST", "/query", ChunkedQueryTests.lines, body: QueryBody.of("A")
            ) { reader in
                _ = try await reader.head()
                try await written.settle(below: total) {
                    let other = try await TestClient.send(
                        bridge, "POST", "/query", ChunkedQueryTests.lines, body: QueryBody.of("B"))
                    #expect(other.status == 200)
                }
                #expect(written.value < total / 2)
                #expect(bridge.budget.inUse < 8 << 20)
                var ends = 0
                while let chunk = try await reader.chunk() { ends += chunk.count { $0 == 0x0A } }
                #expect(ends == total && written.value == total)
            }
            #expect(bridge.budget.inUse == 0)
        }
    }

    @Test func `a big chunk is right to the last row`() async throws {
        let plugin = ChunkPlugin { _, chunks in
            try await chunks.send(Frame.counting(0, 300_000), refID: "A", frameID: "f")
            try await chunks.send(Frame.counting(300_000, 300_000), refID: "A", frameID: "f")
        }
        try await TestBridge.with(plugin) { bridge in
            let reply = try await TestClient.send(
                bridge, "POST", "/query", ChunkedQueryTests.lines, body: QueryBody.of("A"))
            func numbers(_ first: Int) -> String { (first..<first + 300_000).map(String.init).joined(separator: ",") }
            #expect(
                reply.text == ChunkedQueryTests.first("A", numbers(0)) + ChunkedQueryTests.later("A", numbers(300_000)))
        }
    }

    @Test(arguments: [1, 100_000])
    func `a client that leaves ends the call`(rows: Int) async throws {
        let ended = Signal()
        let plugin = ChunkPlugin { _, chunks in
            defer { ended.fire() }
            while true { try await chunks.send(Frame.counting(0, rows), refID: "A", frameID: "f") }
        }
        try await TestBridge.with(plugin) { bridge in
            try await TestClient.open(
                bridge, "POST", "/query", ChunkedQueryTests.lines, body: QueryBody.of("A")
            ) { reader in
                _ = try await reader.head()
            }
            await ended.wait()
        }
    }

    @Test func `a plugin that falls silent is told in a line`() async throws {
        let ended = Signal()
        let plugin = ChunkPlugin { _, chunks in
            defer { ended.fire() }
            try await chunks.send(Frame.counting(0, 1), refID: "A", frameID: "f")
            try await Task.sleep(for: .seconds(3600))
        }
        var options = TestBridge.Options()
        options.timeout = 1
        try await TestBridge.with(plugin, options) { bridge in
            let reply = try await TestClient.send(
                bridge, "POST", "/query", ChunkedQueryTests.lines, body: QueryBody.of("A"))
            #expect(reply.text.contains("plugin-call-timeout") && reply.isComplete)
            await ended.wait()
        }
    }
}
