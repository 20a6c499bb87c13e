import DataFrames
import PluginKit
import PluginProtocol
import Testing

@testable import PluginBridge

/// The plugin's Arrow bytes as they are.
@Suite(.timeLimit(.minutes(1)))
struct ArrowQueryTests {
    private static let file = "application/vnd.apache.arrow.file"
    private static let stream = "application/vnd.apache.arrow.stream"

    private static func send(
        _ accept: String, asked refIDs: [String] = ["A"], _ responses: [String: DataResponse]
    ) async throws -> Reply {
        let body = Array(
            "{\"queries\":[\(refIDs.map { "{\"refId\":\"\($0)\"}" }.joined(separator: ","))]}".utf8)
        return try await TestBridge.with(QueryPlugin { _ in responses }, ChunkedQueryTests.options(.json)) { bridge in
            try await TestClient.send(bridge, "POST", "/query", [("Accept", accept)], body: body)
        }
    }

    /// Below and above the size that leaves the event loop.
    @Test(arguments: [3, 500_000])
    func `one frame is the body, as the plugin wrote it`(rows: Int) async throws {
        var frame = Frame.counting(0, rows)
        let responses = ["A": DataResponse(frames: [frame])]
        frame.refID = "A"
        let bytes = try frame.arrow()
        let whole = try await Self.send(Self.file, responses)
        #expect(whole.status == 200 && whole["Content-Type"] == Self.file && whole.isComplete)
        #expect(whole.body == bytes)
        let part = try await Self.send(Self.stream, responses)
        #expect(part["Content-Type"] == Self.stream && part.isComplete)
        let range = try #require(bytes.firstRange(of: part.body))
        #expect(range.lowerBound == 8 && part.body.starts(with: [0xFF, 0xFF, 0xFF, 0xFF]))
    }

    @Test func `what doesn't fit one body is refused, an error is the answer`() async throws {
        let two = try await Self.send(
            Self.file, ["A": DataResponse(frames: [Frame.counting(0, 1), Frame.counting(0, 1)])])
        #expect(two.status == 406 && two.text.contains("multipart/mixed"))
        let json = try await Self.send(
            Self.file, ["A": DataResponse(frames: [EncodedFrame(Array("{}".utf8), format: .json)])])
        #expect(json.status == 406)
        let none = try await Self.send(Self.stream, ["A": DataResponse(frames: [])])
        #expect(none.status == 204)
        let error = try await Self.send(Self.file, ["A": DataResponse(error: PluginError("no table", status: 404))])
        #expect(error.status == 404 && error.text.contains("no table"))
        let missing = try await Self.send(Self.file, [:])
        #expect(missing.status == 502)
        let broken = try await Self.send(
            Self.file, ["A": DataResponse(frames: [EncodedFrame([1, 2, 3], format: .arrow)])])
        #expect(broken.status == 502 && broken.text.contains("not an Arrow file"))
    }

    @Test func `several frames and errors are parts that say whose they are`() async throws {
        let responses: [String: DataResponse] = [
            "ü \"1\"": DataResponse(frames: [Frame.counting(0, 1), Frame.counting(1, 1)], status: 202),
            "A": DataResponse(error: PluginError("no table", status: 404, source: .downstream)),
            "J": DataResponse(frames: [EncodedFrame(Array("{\"schema\":{}}".utf8), format: .json)]),
        ]
        let reply = try await Self.send(
            "multipart/mixed, \(Self.file)", asked: ["A", "J", "M", "ü \\\"1\\\""], responses)
        #expect(reply.status == 200 && reply.isComplete)
        let boundary = try #require(reply["Content-Type"]?.split(separator: "boundary=").last)
        let parts = try Multipart.parts(reply.body, String(boundary))
        try #require(parts.count == 5)
        #expect(parts.map { $0["X-Query-Ref-Id"] } == ["A", "J", "M", "%C3%BC%20%221%22", "%C3%BC%20%221%22"])
        #expect(parts.map { $0["X-Query-Status"] } == ["404", "200", "502", "202", "202"])
        #expect(parts.map { $0["X-Query-Frame"] } == [nil, "0", nil, "0", "1"])
        #expect(parts.map { $0["Content-Type"] == Self.file } == [false, false, false, true, true])
        #expect(parts[0].text == #"{"refId":"A","error":"no table","errorSource":"downstream","status":404}"#)
        #expect(parts[1].text == #"{"schema":{}}"#)
        #expect(parts[3].body.starts(with: Array("ARROW1".utf8)) && parts[4].body.starts(with: Array("ARROW1".utf8)))
        #expect(parts[3].body != parts[4].body)
    }

    @Test func `no frames at all are a body without parts`() async throws {
        let reply = try await Self.send("multipart/mixed", ["A": DataResponse(frames: [])])
        #expect(reply.status == 200 && reply.text.hasPrefix("--") && reply.text.hasSuffix("--\r\n"))
    }
}

/// Takes a multipart body apart by its boundary and lengths.
private enum Multipart {
    static func parts(_ body: [UInt8], _ boundary: String) throws -> [Reply] {
        var rest = body[...]
        var parts: [Reply] = []
        while rest.starts(with: Array("--\(boundary)\r\n".utf8)) {
            rest = rest.dropFirst(boundary.utf8.count + 4)
            let end = try #require(rest.firstRange(of: Array("\r\n\r\n".utf8)))
            var part = Reply()
            for line in String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n") {
                let colon = try #require(line.firstIndex(of: ":"))
                part.fields.append((String(line[..<colon]), String(line[colon...].dropFirst(2))))
            }
            let length = try #require(part["Content-Length"].flatMap { Int($0) })
            part.body = Array(rest[end.upperBound...].prefix(length))
            rest = rest[end.upperBound...].dropFirst(length + 2)
            parts.append(part)
        }
        #expect(rest.elementsEqual("--\(boundary)--\r\n".utf8))
        return parts
    }
}
