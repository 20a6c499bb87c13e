import Testing

@testable import Bytes

/// A list that is written piece by piece is, byte for byte, what it is when it is written whole.
struct JSONListWriterTests {
    @Test(arguments: [0, 1, 3], [JSONValue.Style.compact, .indented])
    func `pieces make the whole`(count: Int, style: JSONValue.Style) {
        let entries = (0..<count).map { JSONValue.object(["n": .int($0), "deep": ["a": [1, ["b": "<c>"]]]]) }
        for envelope: JSONValue in [
            ["items": []], ["kind": "List", "items": []], ["items": [], "kind": "List"],
            ["kind": "List", "metadata": ["resourceVersion": "1"], "items": [], "more": [1], "last": "x"],
        ] {
            var whole = envelope
            whole["items"] = .array(entries)
            var writer = JSONListWriter(envelope, member: "items", style: style)
            for entry in entries { writer.append(entry) }
            #expect(String(decoding: writer.finish(), as: UTF8.self) == whole.text(style))
        }
    }
}
