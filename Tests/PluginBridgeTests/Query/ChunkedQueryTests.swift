import DataFrames
import PluginKit
import PluginProtocol
import RPC
import Testing

@testable import PluginBridge

/// Answers in lines, as the plugin makes them.
@Suite(.timeLimit(.minutes(1)))
struct ChunkedQueryTests {
    static let lines = [("Accept", "text/jsonl")]

    static func options(_ format: DataFrameFormat) -> TestBridge.Options {
        var options = TestBridge.Options()
        options.format = format
        return options
    }

    static func first(_ refID: String, _ values: String) -> String {
        #"{"refId":"\#(refID)","frameId":"f","frame":{"schema":{"name":"n","refId":"\#(refID)","fields":[{"name":"n","#
            + #""type":"number","typeInfo":{"frame":"float64"}}]},"data":{"values":[[\#(values)]]}}}"# + "\n"
    }

    static func later(_ refID: String, _ values: String) -> String {
        #"{"refId":"\#(refID)","frameId":"f","frame":{"data":{"values":[[\#(values)]]}}}"# + "\n"
    }

    @Test(arguments: [DataFrameFormat.arrow, .json])
    func `DQ-10 every chunk is a line that leaves before the next is made`(format: DataFrameFormat) async throws {
        let seen = Signal()
        let plugin = ChunkPlugin { request, chunks in
            #expect(request.queries.map(\.refID) == ["A", "B", "C"] && request.format == format)
            try await chunks.send(Frame.counting(0, 2), refID: "A", frameID: "f")
            await seen.wait()
            try await chunks.send(Frame.counting(5, 1), refID: "B", frameID: "f")
            try await chunks.send(Frame.counting(2, 2), refID: "A", frameID: "f")
            try await chunks.send(PluginError("no \"table\"", status: 404, source: .downstream), refID: "C")
        }
        try await TestBridge.with(plugin, Self.options(format)) { bridge in
            try await TestClient.open(bridge, "POST", "/query", Self.lines, body: QueryBody.of("A", "B", "C")) {
                reader in
                let head = try await reader.head()
                #expect(head.status == 200 && head["Content-Type"] == "text/jsonl")
                #expect(try await reader.chunk() == Array(Self.first("A", "0,1").utf8))
                seen.fire()
                var rest: [UInt8] = []
                while let chunk = try await reader.chunk() { rest += chunk }
                let error = #"{"refId":"C","error":"no \"table\"","errorSource":"downstream"}"# + "\n"
                #expect(
                    String(decoding: rest, as: UTF8.self) == Self.first("B", "5") + Self.later("A", "2,3") + error)
            }
        }
    }

    @Test func `without the media type the answer is one object`() async throws {
        let plugin = QueryPlugin { _ in ["A": DataResponse(frames: [Frame.counting(0, 1)])] }
        try await TestBridge.with(plugin) { bridge in
            let reply = try await TestClient.send(bridge, "POST", "/query", [], body: QueryBody.of("A"))
            #expect(reply.status == 200 && reply.text.hasPrefix(#"{"results":{"A":{"status":200,"frames":["#))
        }
    }

    @Test func `an empty answer is no line`() async throws {
        try await TestBridge.with(ChunkPlugin { _, _ in }) { bridge in
            let reply = try await TestClient.send(bridge, "POST", "/query", Self.lines, body: QueryBody.of("A"))
            #expect(reply.status == 200 && reply["Content-Type"] == "text/jsonl")
            #expect(reply.body.isEmpty && reply.isComplete)
        }
    }

    @Test func `a failure before the first line is the answer, one after it a line for each query`() async throws {
        let early = ChunkPlugin { _, _ in throw PluginError("no data base") }
        try await TestBridge.with(early) { bridge in
            let reply = try await TestClient.send(bridge, "POST", "/query", Self.lines, body: QueryBody.of("A"))
            #expect(reply.status == 502 && reply.text.contains("no data base"))
        }
        let late = ChunkPlugin { _, chunks in
            try await chunks.send(Frame.counting(0, 1), refID: "A", frameID: "f")
            throw PluginError("gone")
        }
        try await TestBridge.with(late) { bridge in
            let reply = try await TestClient.send(bridge, "POST", "/query", Self.lines, body: QueryBody.of("A", "B"))
            #expect(reply.isComplete)
            #expect(
                reply.text == Self.first("A", "0") + #"{"refId":"A","error":"gone","errorSource":"plugin"}"# + "\n"
                    + #"{"refId":"B","error":"gone","errorSource":"plugin"}"# + "\n")
        }
    }

    @Test(arguments: [true, false])
    func `DQ-11 a plugin that has no chunks is asked for all at once, whichever way it says so`(
        saysInBand: Bool
    ) async throws {
        let asked = Counter()
        let responses: [String: DataResponse] = [
            "A": DataResponse(frames: [Frame.counting(0, 2), Frame.counting(7, 1)]),
            "B": DataResponse(error: PluginError("bad", status: 400, source: .downstream)),
        ]
        let whole = GRPCServerMethod(.queryData) { call in
            do { call.reply(try responses.payload(format: .arrow)) } catch {
                call.fail(GRPCError(code: .unknown, message: "\(error)"))
            }
        }
        let refusal = GRPCServerMethod(.queryChunkedData) { call in
            asked.add()
            guard saysInBand else { return call.fail(GRPCError(code: .unimplemented, message: "unimplemented")) }
            Task {
                try? await call.write(ChunkedDataFields.payload(refID: "", status: 501))
                call.finish()
            }
        }
        try await TestBridge.with(methods: [whole, refusal]) { bridge in
            for _ in 0..<2 {
                let reply = try await TestClient.send(
                    bridge, "POST", "/query", Self.lines, body: QueryBody.of("A", "B", "C"))
                #expect(reply.status == 200 && reply["Content-Type"] == "text/jsonl" && reply.isComplete)
                #expect(
                    reply.text == Self.first("A", "0,1").replacing(#""frameId":"f""#, with: #""frameId":"0""#)
                        + Self.first("A", "7").replacing(#""frameId":"f""#, with: #""frameId":"1""#)
                        + #"{"refId":"B","error":"bad","errorSource":"downstream"}"# + "\n"
                        + #"{"refId":"C","error":"the plugin test gave no answer for this refId","errorSource":"plugin"}"#
                        + "\n")
            }
            // The same process isn't asked again.
            #expect(asked.value == 1 && bridge.instance.missingMethods == [.queryChunkedData])
        }
    }

    @Test func `a frame that can't be read is an error in its place, a message that can't ends the answer`()
        async throws
    {
        let method = GRPCServerMethod(.queryChunkedData) { call in
            Task {
                try? await call.write(ChunkedDataFields.payload(refID: "A", frameID: "f", frame: [1, 2, 3]))
                try? await call.write(
                    ChunkedDataFields.payload(
                        refID: "A", frameID: "g", frame: Array("{\n \"data\":\r\n{}}".utf8), format: .json))
                try? await call.write(ChunkedDataFields.payload(refID: "A", status: 503))
                try? await call.write(GRPCPayload([0x0A, 0x7F]))
                call.finish()
            }
        }
        try await TestBridge.with(methods: [method]) { bridge in
            let reply = try await TestClient.send(bridge, "POST", "/query", Self.lines, body: QueryBody.of("A"))
            let lines = reply.text.split(separator: "\n")
            try #require(lines.count == 4)
            #expect(
                lines[0].hasPrefix(#"{"refId":"A","frameId":"f","error":"a frame of the plugin's answer can't be read"#)
            )
            #expect(lines[1].hasPrefix(#"{"refId":"A","frameId":"g","frame":{ "data":{}}}"#))
            #expect(lines[2] == #"{"refId":"A","error":"the plugin answered with the status 503"}"#)
            #expect(lines[3].contains("can't be read") && reply.isComplete)
        }
    }
}
