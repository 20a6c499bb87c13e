import DataFrames
import PluginKit
import PluginProtocol
import Testing

@testable import PluginBridge

/// Request bodies with a `Content-Encoding`.
@Suite(.timeLimit(.minutes(1)))
struct PackedBodyTests {
    private static let echo = TestPlugin { request, response in
        let names = request.headers.map(\.name).filter { $0.lowercased().hasPrefix("content") }.sorted()
        try await response.send(status: 200, json: "[\(request.body.count), \"\(names.joined(separator: " "))\"]")
    }

    private static func resource(
        _ body: [UInt8], _ codings: [String] = ["gzip"], limit: Int = 16 << 20
    ) async throws -> Reply {
        var options = TestBridge.Options()
        options.requestLimit = limit
        return try await TestBridge.with(echo, options) {
            try await TestClient.send(
                $0, "POST", "/x", codings.map { ("Content-Encoding", $0) } + [("Content-Type", "text/plain")],
                body: body)
        }
    }

    @Test(arguments: [["gzip"], ["x-gzip"], ["GZip"], ["identity, gzip"], ["identity", "gzip"], ["gzip,"]])
    func `gzip is unpacked, and nothing says any more that it was there`(codings: [String]) async throws {
        for size in [0, 10, 70_000, 1_000_000] {
            let reply = try await Self.resource(Gzip.pack(repeatElement(0x61, count: size)), codings)
            #expect(reply.status == 200 && reply.text == "[\(size), \"Content-Type\"]", "\(reply.text)")
        }
    }

    @Test func `members one after the other are one body`() async throws {
        let reply = try await Self.resource(Gzip.pack("ab".utf8) + Gzip.pack("".utf8) + Gzip.pack("cde".utf8))
        #expect(reply.text == "[5, \"Content-Type\"]")
        #expect(try await Self.resource(Gzip.bomb(mebibytes: 8)).text == "[\(8 << 20), \"Content-Type\"]")
    }

    @Test func `a query may be packed`() async throws {
        let plugin = QueryPlugin { _ in ["A": DataResponse(frames: [])] }
        try await TestBridge.with(plugin) { bridge in
            let reply = try await TestClient.send(
                bridge, "POST", "/query", [("Content-Encoding", "gzip")], body: Gzip.pack(QueryBody.of("A")))
            #expect(reply.text == #"{"results":{"A":{"status":200,"frames":[]}}}"#)
            let plain = try await TestClient.send(
                bridge, "POST", "/query", [("Content-Encoding", "identity")], body: QueryBody.of("A"))
            #expect(plain.status == 200)
        }
    }

    @Test(arguments: [
        (["br"], "\"br\""), (["deflate"], "\"deflate\""), (["gzip, br"], "\"br\""), (["zstd", "gzip"], "\"zstd\""),
        (["gzip, gzip"], "gzip twice"), (["gzip", "x-gzip"], "gzip twice"),
    ])
    func `another coding is 415 and named`(codings: [String], name: String) async throws {
        let reply = try await Self.resource(Gzip.pack("a".utf8), codings)
        #expect(reply.status == 415 && reply["Accept-Encoding"] == "gzip")
        #expect(
            reply.text.replacing("\\\"", with: "\"").contains("Content-Encoding \(name) is not supported"),
            "\(reply.text)")
    }

    @Test func `limits hold for what comes out, however little goes in`() async throws {
        let bomb = Gzip.bomb(mebibytes: 64)
        #expect(bomb.count < 1_000_000)
        for (limit, body) in [(16 << 20, bomb), (1_000_000, bomb), (9, Gzip.pack("0123456789".utf8))] {
            let reply = try await Self.resource(body, limit: limit)
            #expect(reply.status == 413 && reply.text.contains("limit is \(limit) bytes"), "\(reply.text)")
        }
        #expect(try await Self.resource(Gzip.pack("0123456789".utf8), limit: 1000).status == 200)
    }

    @Test func `what is damaged or cut is 400`() async throws {
        let good = Gzip.pack("hello".utf8)
        var wrong = good
        wrong[wrong.count - 6] ^= 1
        for body in [Array("hello".utf8), wrong, good + [0x78], good + [0, 0, 0]] {
            let reply = try await Self.resource(body)
            #expect(reply.status == 400 && reply.text.contains("gzip"), "\(reply.text)")
        }
        let cut = try await Self.resource(good.dropLast(3))
        #expect(cut.status == 400 && cut.text.contains("ends before its end"), "\(cut.text)")
    }
}
