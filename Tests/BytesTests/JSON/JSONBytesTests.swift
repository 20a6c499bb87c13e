import Bytes
import Testing

@Suite("JSON strings and values")
struct JSONBytesTests {
    private func string(_ bytes: [UInt8]) -> String {
        var writer = ByteWriter()
        bytes.withUnsafeBytes { writer.appendJSONString($0) }
        return String(decoding: writer.array(), as: UTF8.self)
    }

    @Test("Strings are escaped as Go does for HTML, at every place of a word")
    func escapes() {
        let cases: [(String, String)] = [
            ("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\"", "\\\""), ("\\", "\\\\"), ("\n", "\\n"),
            ("\u{8}", "\\u0008"), ("\u{c}", "\\u000c"), ("\u{1f}", "\\u001f"), ("\u{2028}", "\\u2028"),
            ("\u{2029}", "\\u2029"), ("é", "é"), ("😀", "😀"), ("\u{7f}", "\u{7f}"), ("=", "="), ("?", "?"),
        ]
        for (raw, wanted) in cases {
            for place in 0..<20 {
                let front = String(repeating: "x", count: place)
                #expect(string(Array((front + raw + "tail").utf8)) == "\"\(front)\(wanted)tail\"")
            }
        }
    }

    @Test("Every byte that is not UTF-8 becomes U+FFFD")
    func invalid() {
        #expect(string([0xff]) == "\"\u{fffd}\"")
        #expect(string([0xe2, 0x82]) == "\"\u{fffd}\u{fffd}\"")
        #expect(string([0xed, 0xa0, 0x80]) == "\"\u{fffd}\u{fffd}\u{fffd}\"")
        #expect(string([0x61, 0xc0, 0x80, 0x62]) == "\"a\u{fffd}\u{fffd}b\"")
    }

    @Test("A sequence across the border of a piece stays whole")
    func border() {
        let text = String(repeating: "x", count: 2047) + "😀" + String(repeating: "<", count: 5000)
        let wanted = String(repeating: "x", count: 2047) + "😀" + String(repeating: "\\u003c", count: 5000)
        #expect(string(Array(text.utf8)) == "\"\(wanted)\"")
    }

    @Test(
        "One JSON value passes",
        arguments: [
            "1", "-0", "1.5e+10", "\"a\\u00e9\"", "[]", "{}", " [1, {\"a\": [true, false, null]}] ", "[[[[]]]]",
            #"{"a":1,"a":2}"#, #""\/""#, "0.1E-2",
        ])
    func valid(text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { JSONValidator.check($0) } == .ascii)
    }

    @Test(
        "Anything else is invalid",
        arguments: [
            "", " ", "1 2", "01", "1.", ".5", "+1", "nul", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}",
            "[1", "\"", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "]", "{]", "[}", "NaN", "-", "1e", "{\"a\":1}}", "true1",
        ])
    func refused(text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { JSONValidator.check($0) } == .invalid)
    }

    @Test("Numbers beyond a 64-bit float are refused when doubles are wanted")
    func hugeNumbers() {
        for text in ["1e309", "[1e400]", "-9e999", String(repeating: "9", count: 400)] {
            let bytes = Array(text.utf8)
            #expect(bytes.withUnsafeBytes { JSONValidator.check($0) } == .ascii)
            #expect(bytes.withUnsafeBytes { JSONValidator.check($0, doublesOnly: true) } == .invalid)
        }
        for text in ["1e308", "1e-400", "123456789012345678901234567890", String(repeating: "9", count: 301)] {
            #expect(Array(text.utf8).withUnsafeBytes { JSONValidator.check($0, doublesOnly: true) } == .ascii)
        }
    }

    @Test("Nesting is followed over more than a word of levels, up to the limit")
    func nesting() {
        func nested(_ depth: Int) -> JSONValidator.Verdict {
            let text =
                (0..<depth).map { $0 % 2 == 0 ? "[" : "{\"k\":" }.joined() + "1"
                + (0..<depth).reversed().map { $0 % 2 == 0 ? "]" : "}" }.joined()
            return Array(text.utf8).withUnsafeBytes { JSONValidator.check($0) }
        }
        for depth in [1, 63, 64, 65, 128, 129, 1000, 10_000] { #expect(nested(depth) == .ascii, "\(depth)") }
        #expect(nested(10_001) == .invalid)
    }
}
