import DataPlaneAPI
import Foundation
import Testing

@testable import Gateway

struct UpstreamTokenTests {
    @Test func `the file holds one token, and what is wrong with it names the setting`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        var settings = Settings()
        #expect(try UpstreamToken(settings) == nil)
        try settings.set("upstream-token-file", [file.path], origin: "--upstream-token-file")
        #expect { try UpstreamToken(settings) } throws: { "\($0)".contains("upstream-token-file") }
        for text in ["", " \n", "one two", "t\u{E9}"] {
            try text.write(to: file, atomically: true, encoding: .utf8)
            #expect { try UpstreamToken(settings) } throws: { "\($0)".contains("one token") }
        }
        try "\nglsa_abc\n".write(to: file, atomically: true, encoding: .utf8)
        #expect(try UpstreamToken(settings)?.token == "glsa_abc")
    }
}
