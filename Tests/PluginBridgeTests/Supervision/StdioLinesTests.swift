import Testing

@testable import PluginBridge

/// Pieces of output become lines, and a line without end becomes several.
struct StdioLinesTests {
    @Test func `lines come out however the pieces are cut`() {
        let text = Array("one\ntwo\n\nthree\n".utf8)
        for size in 1...text.count {
            var lines = StdioLines()
            var found: [[UInt8]] = []
            var rest = text[...]
            while !rest.isEmpty {
                found += lines.feed(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(found.map { String(decoding: $0, as: UTF8.self) } == ["one", "two", "", "three"])
        }
    }

    @Test func `a line without end does not grow for ever`() {
        var lines = StdioLines()
        var count = 0
        for _ in 0..<100 { count += lines.feed([UInt8](repeating: 0x61, count: 10_000)).count }
        #expect(count >= 10)
    }
}
