import Bytes
import Testing

@testable import DataFrames

/// Metadata is read as Go reads it.
struct SmallJSONTests {
    private func written(_ text: [UInt8]) throws -> String {
        let tree = try text.withUnsafeBytes { try SmallJSON.parse($0) }
        var out = ByteWriter()
        tree.write(to: &out)
        return String(decoding: out.array(), as: UTF8.self)
    }

    @Test(arguments: [
        (
            #" { "b" : [ 1.50, -0, 1e2 ], "a":"x\u00e9\n\ud83d\ude00\ud800", "b":null } "#,
            #"{"a":"xé\n😀\#u{FFFD}","b":null}"#
        ),
        ("[]", "[]"), ("{}", "{}"), ("true", "true"), (" false ", "false"), ("null", "null"), (#""""#, #""""#),
        (#"[{"a":{}},[[]]]"#, #"[{"a":{}},[[]]]"#),
    ])
    func `values are what they were`(text: String, expected: String) throws {
        #expect(try written(Array(text.utf8)) == expected)
    }

    @Test func `bytes that aren't UTF-8 become U+FFFD one by one`() throws {
        #expect(try written([0x22, 0xE2, 0x82, 0x22]) == "\"\u{FFFD}\u{FFFD}\"")
        #expect(try written(Array("{\"".utf8) + [0xFF] + Array("\":1}".utf8)) == "{\"\u{FFFD}\":1}")
    }

    @Test(arguments: [
        ("", "valid"), ("{", "valid"), ("[1,]", "valid"), ("{\"a\"}", "valid"), ("1 2", "valid"), ("01", "valid"),
        ("\"\t\"", "valid"), ("nul", "valid"), ("[1}", "valid"), ("1e999", "64-bit float"),
        (String(repeating: "[", count: 5000), "nested deeper"),
    ])
    func `what can't be read says why`(text: String, why: String) {
        let error = #expect(throws: FrameError.self) { try written(Array(text.utf8)) }
        #expect(error?.message.contains(why) == true, "\(error?.message ?? "")")
    }
}
