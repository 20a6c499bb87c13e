import DataPlaneAPI
import Glibc
import Synchronization
import Testing

@testable import Bytes
@testable import PluginProtocol
@testable import RPC

/// A plugin that shares no code with ours, from process start to shutdown.
///
/// Needs a Python with grpcio and pyarrow: PLUGIN_PYTHON names it, else python3 of the PATH is tried.
@Suite(.timeLimit(.minutes(2)))
struct PythonPluginTests {
    private static let script =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/Interop/python/plugin.py"

    private static func python() async throws -> String? {
        let named = getenv("PLUGIN_PYTHON").map { String(cString: $0) }
        let python = named ?? "/usr/bin/python3"
        let check = ProcessRequest(executable: python, arguments: ["-c", "import grpc, pyarrow"], environment: [])
        guard let process = try? await PluginProcess.start(check, onEvent: { _ in }),
            await process.exited() == .code(0)
        else {
            print("skipped: \(python) has no grpcio and pyarrow; set PLUGIN_PYTHON to one that has")
            return nil
        }
        return python
    }

    private func query(_ type: String, refID: String = "A") -> QueryDataRequestEncoder {
        var encoder = QueryDataRequestEncoder(context: MessageTests.context.encoded())
        encoder.queries = [
            DataQuery(
                refID: refID, maxDataPoints: 1, intervalMS: 1, fromMS: 0, toMS: 1, json: Array("{}".utf8),
                queryType: type)
        ]
        return encoder
    }

    @Test func `a foreign plugin is started, asked and shut down`() async throws {
        guard let python = try await Self.python() else { return }
        let (lines, line) = AsyncStream.makeStream(of: [UInt8].self)
        let logs = Mutex<[PluginLogLine]>([])
        let parser = Mutex(PluginLogParser())
        let folder = try TemporaryFolder.make()
        let environment = PluginEnvironment(host: ["PATH": "/usr/bin:/bin"], socketDirectory: folder)
        let request = ProcessRequest(executable: python, arguments: [Self.script], environment: environment.entries)
        let process = try await PluginProcess.start(request) { event in
            switch event {
            case .output(let text): line.yield(text)
            case .errorOutput(let text):
                let parsed = parser.withLock { $0.parse(text) }
                logs.withLock { $0.append(parsed) }
            case .exited: line.finish()
            }
        }
        var iterator = lines.makeAsyncIterator()
        let handshake = try Handshake.parse(try #require(await iterator.next()))
        let channel = try GRPCChannel(runtime: try GRPCRuntime(), address: handshake.address)
        try await ask(channel)
        _ = try await channel.unary(.shutdown, GRPCPayload())
        #expect(await process.exited() == .code(0))
        let started = logs.withLock { $0.first { $0.message == "python plugin is up" } }
        #expect(started?.level == .info)
        #expect(started?.fields == [.init(key: "pid", json: "\(process.pid)")])
    }

    private func ask(_ channel: GRPCChannel) async throws {
        let health = try HealthResult(
            await channel.unary(.checkHealth, PluginRequest.checkHealth(context: MessageTests.context.encoded())))
        #expect(health.status == .ok)
        #expect(health.jsonDetails == Array(#"{"python":true}"#.utf8))

        let table = try await channel.unary(.queryData, query("").payload())
        try table.withBytes { bytes in
            let entries = try DataResponseFields.scan(bytes)
            #expect(entries.map { bytes.text($0.refID) } == ["A"])
            #expect(entries.first?.frames.first.map { Array(bytes.slice($0).prefix(6)) } == Array("ARROW1".utf8))
        }
        let failed = try await channel.unary(.queryData, query("error").payload())
        try failed.withBytes { bytes in
            let entries = try DataResponseFields.scan(bytes)
            #expect(entries.first.map { bytes.text($0.error) } == "no such table")
            #expect(entries.first.map { bytes.text($0.errorSource) } == "downstream")
            #expect(entries.first?.status == 502)
        }
        await #expect(throws: GRPCError(code: .unknown, message: "the plugin gave up", errorSource: .plugin)) {
            _ = try await channel.unary(.queryData, query("fail").payload())
        }
        let big = try await channel.unary(.queryData, query("big").payload())
        #expect(big.count > 16_000_000)
        let slow = await #expect(throws: GRPCError.self) {
            let options = GRPCCallOptions(deadline: .after(.milliseconds(100)))
            _ = try await channel.unary(.queryData, query("slow").payload(), options: options)
        }
        #expect(slow?.code == .deadlineExceeded)
    }
}
