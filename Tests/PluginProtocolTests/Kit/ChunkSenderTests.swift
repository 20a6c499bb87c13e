import DataFrames
import DataPlaneAPI
import PluginKit
import Testing

@testable import Bytes
@testable import PluginProtocol
@testable import RPC

private struct Chunks: Plugin, QueryChunkedDataHandler {
    func queryChunkedData(_ request: QueryDataRequest, _ chunks: ChunkSender) async throws {
        for query in request.queries {
            try await chunks.send(Frame("n", fields: [.numbers("n", [1])]), refID: query.refID, frameID: "f")
        }
        for query in request.queries {
            try await chunks.send(Frame("n", fields: [.numbers("n", [2])]), refID: query.refID, frameID: "f")
        }
        try await chunks.send(EncodedFrame(Array("{}".utf8), format: .json), refID: "A", frameID: "ready")
        try await chunks.send(PluginError("no", status: 404, source: .downstream), refID: "B")
    }
}

@Suite(.timeLimit(.minutes(1)))
struct ChunkSenderTests {
    @Test(arguments: [DataFrameFormat.arrow, .json])
    func `the first chunk of a frame has its schema, in JSON the others have rows only`(
        format: DataFrameFormat
    ) async throws {
        let runtime = try GRPCRuntime()
        let server = try PluginServer(Chunks(), runtime: runtime) {}
        let path = try TemporaryFolder.make() + "/p"
        _ = try server.start(on: "unix:\(path)")
        let channel = try GRPCChannel(runtime: runtime, address: .unix(path: path))
        var encoder = QueryDataRequestEncoder(context: MessageTests.context.encoded())
        encoder.format = format
        encoder.queries = ["A", "B"].map {
            DataQuery(refID: $0, maxDataPoints: 1, intervalMS: 1, fromMS: 0, toMS: 1, json: [])
        }
        let stream = try channel.serverStreaming(.queryChunkedData, encoder.payload())
        var seen: [String] = []
        while let message = try await stream.next() {
            try message.withBytes { bytes in
                let chunk = try ChunkedDataFields(bytes)
                let frame = bytes.text(chunk.frame)
                let kind = frame.hasPrefix("ARROW1") ? "file" : frame.hasPrefix("{\"schema\"") ? "schema" : frame
                seen.append(
                    "\(bytes.text(chunk.refID)) \(bytes.text(chunk.frameID)) \(chunk.status) \(chunk.format) "
                        + "\(kind)\(bytes.text(chunk.error))\(bytes.text(chunk.errorSource))")
            }
        }
        let later = #"{"data":{"values":[[2]]}}"#
        #expect(
            seen
                == (format == .arrow
                    ? ["A f 200 0 file", "B f 200 0 file", "A f 200 0 file", "B f 200 0 file"]
                    : ["A f 200 1 schema", "B f 200 1 schema", "A f 200 1 \(later)", "B f 200 1 \(later)"])
                + ["A ready 200 1 {}", "B  404 0 nodownstream"])
        await server.stop()
    }
}
