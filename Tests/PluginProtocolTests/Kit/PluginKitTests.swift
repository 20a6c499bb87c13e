import DataFrames
import DataPlaneAPI
import PluginKit
import Testing

@testable import Bytes
@testable import PluginProtocol
@testable import RPC

private struct Demo: Plugin, QueryDataHandler, CheckHealthHandler, CallResourceHandler, StreamHandler {
    func query(_ query: DataQuery, in request: QueryDataRequest) async throws -> DataResponse {
        guard query.queryType != "broken" else {
            throw PluginError("no such table", status: 400, source: .downstream)
        }
        guard query.queryType != "frame" else {
            return DataResponse(frames: [Frame("table", fields: [.numbers("n", [1.5, 2.5])])])
        }
        return DataResponse(frames: [Twin(text: query.refID)])
    }

    func checkHealth(_ request: CheckHealthRequest) async throws -> HealthResult {
        guard request.context.dataSourceSettings != nil else { throw PluginError("no settings") }
        return HealthResult(status: .ok, message: "works")
    }

    func callResource(_ request: CallResourceRequest, _ response: ResourceResponse) async throws {
        try await response.send(status: 201, headers: [PluginHeader("X-Path", request.path)], body: [1])
        try await response.write([2, 3])
    }

    func subscribeStream(_ request: StreamRequest) async throws -> StreamResult {
        StreamResult(status: request.path == "clock" ? .ok : .notFound)
    }

    func runStream(_ request: StreamRequest, _ packets: PacketSender) async throws {
        for number in 0..<3 { try await packets.send(json: Array("\(number)".utf8)) }
    }
}

/// A frame that can be written in both formats.
private struct Twin: PluginFrame {
    let text: String

    func encoded(as format: DataFrameFormat, refID: String) -> [UInt8]? {
        Array((format == .json ? "json:" : "arrow:").utf8) + Array(text.utf8)
    }
}

@Suite(.timeLimit(.minutes(1)))
struct PluginKitTests {
    private func withDemo(_ body: (GRPCChannel) async throws -> Void) async throws {
        let runtime = try GRPCRuntime()
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let server = try PluginServer(Demo(), runtime: runtime) { end.finish() }
        let path = try TemporaryFolder.make() + "/p"
        _ = try server.start(on: "unix:\(path)")
        let channel = try GRPCChannel(runtime: runtime, address: .unix(path: path))
        try await body(channel)
        _ = try await channel.unary(.shutdown, GRPCPayload())
        for await _ in ended {}
        await server.stop()
    }

    @Test(arguments: [DataFrameFormat.arrow, .json])
    func `queries are answered one by one in the format asked for`(format: DataFrameFormat) async throws {
        try await withDemo { channel in
            var encoder = QueryDataRequestEncoder(context: MessageTests.context.encoded())
            encoder.format = format
            for (refID, type) in [("A", ""), ("B", "broken"), ("C", "")] {
                encoder.queries.append(
                    DataQuery(
                        refID: refID, maxDataPoints: 1, intervalMS: 1, fromMS: 0, toMS: 1, json: [], queryType: type))
            }
            let message = try await channel.unary(.queryData, encoder.payload())
            try message.withBytes { bytes in
                let entries = try DataResponseFields.scan(bytes)
                #expect(entries.map { bytes.text($0.refID) } == ["A", "B", "C"])
                #expect(entries.map(\.status) == [200, 400, 200])
                #expect(entries.map(\.format) == [Int32](repeating: format.rawValue, count: 3))
                #expect(entries.map { bytes.text($0.error) } == ["", "no such table", ""])
                #expect(entries.map { bytes.text($0.errorSource) } == ["", "downstream", ""])
                #expect(entries[0].frames.map { bytes.text($0) } == [format == .json ? "json:A" : "arrow:A"])
            }
        }
    }

    @Test func `a frame gets the query's refId and is written in the format asked for`() async throws {
        try await withDemo { channel in
            for format in [DataFrameFormat.arrow, .json] {
                var encoder = QueryDataRequestEncoder(context: MessageTests.context.encoded())
                encoder.format = format
                encoder.queries = [
                    DataQuery(
                        refID: "Q", maxDataPoints: 1, intervalMS: 1, fromMS: 0, toMS: 1, json: [], queryType: "frame")
                ]
                let message = try await channel.unary(.queryData, encoder.payload())
                try message.withBytes { bytes in
                    let entry = try #require(try DataResponseFields.scan(bytes).first)
                    let text = bytes.text(try #require(entry.frames.first))
                    #expect(entry.format == format.rawValue)
                    #expect(text.hasPrefix(format == .arrow ? "ARROW1" : "{"))
                    #expect(text.contains("refId") && text.contains("Q"))
                }
            }
        }
    }

    @Test func `health is an answer even when the check fails`() async throws {
        try await withDemo { channel in
            let good = PluginRequest.checkHealth(context: MessageTests.context.encoded())
            #expect(
                try HealthResult(await channel.unary(.checkHealth, good)) == HealthResult(status: .ok, message: "works")
            )
            let bad = try HealthResult(await channel.unary(.checkHealth, PluginRequest.checkHealth(context: [])))
            #expect(bad == HealthResult(status: .error, message: "no settings"))
            #expect(try ServingStatus.isServing(await channel.unary(.health, PluginRequest.health())))
        }
    }

    @Test func `a resource answer streams its pieces`() async throws {
        try await withDemo { channel in
            let request = PluginRequest.callResource(
                context: [], path: Array("x".utf8), method: "GET", url: Array("x".utf8), headers: [],
                body: [])
            let stream = try channel.serverStreaming(.callResource, request)
            var bodies: [[UInt8]] = []
            var codes: [Int32] = []
            while let message = try await stream.next() {
                try message.withBytes { bytes in
                    let fields = try CallResourceFields(bytes)
                    codes.append(fields.code)
                    bodies.append(Array(bytes.slice(fields.body)))
                }
            }
            #expect(codes == [201, 0])
            #expect(bodies == [[1], [2, 3]])
        }
    }

    @Test func `a stream sends its packets, and what the plugin lacks is UNIMPLEMENTED`() async throws {
        try await withDemo { channel in
            let stream = try channel.serverStreaming(.runStream, PluginRequest.stream(context: [], path: "clock"))
            var packets: [String] = []
            while let message = try await stream.next() {
                try message.withBytes { packets.append($0.text(try StreamPacketFields.data($0))) }
            }
            #expect(packets == ["0", "1", "2"])
            let subscribed = try await channel.unary(.subscribeStream, PluginRequest.stream(context: [], path: "no"))
            #expect(try StreamResult(subscribed).status == .notFound)
            let error = await #expect(throws: GRPCError.self) {
                _ = try await channel.unary(.collectMetrics, PluginRequest.collectMetrics(context: []))
            }
            #expect(error?.code == .unimplemented)
        }
    }
}
