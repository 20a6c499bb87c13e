import Foundation
import Testing

/// What plugins log, in the gateway's log.
@Suite(.timeLimit(.minutes(5)))
struct PluginLogTests {
    private static let line =
        #"{"@level":"info","@message":"a line","@timestamp":"2026-01-01T00:00:00.000000Z","count":3,"name":"a b","#
        + #""ok":true,"ratio":0.5,"list":[1,"x"],"msg":"inner","code":"200"}"#

    private static func logged(_ format: String) throws -> String {
        let gateway = try Gateway(
            plugins: { folder in
                try folder.write("line", line + "\n")
                try TestPlugins.install("talker", script: "cat '\(folder.path)/line' >&2; exec sleep 1000", in: folder)
            }, flags: ["--log-format", format])
        guard let found = gateway.process.stderr.wait(containing: "a line") else { throw Trouble(gateway.log) }
        return found
    }

    @Test func `fields keep their types in JSON logs`() throws {
        let text = try Self.logged("json")
        let entry = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(entry["msg"] as? String == "a line" && entry["plugin"] as? String == "talker")
        #expect(entry["count"] as? Int == 3 && entry["ratio"] as? Double == 0.5 && entry["ok"] as? Bool == true)
        #expect(entry["name"] as? String == "a b" && entry["code"] as? String == "200")
        #expect((entry["list"] as? [Any])?.count == 2)
        // The entry has a message of its own.
        #expect(entry["plugin_msg"] as? String == "inner")
        #expect(text.contains(#""count":3,"#) && text.contains(#""code":"200""#))
    }

    @Test func `text is quoted once in text logs`() throws {
        let text = try Self.logged("text")
        #expect(text.contains(#" name="a b""#) && text.contains(" count=3 ") && text.contains(" code=200 "), "\(text)")
    }
}
