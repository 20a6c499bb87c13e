import Testing

@testable import Bytes

/// Queries are read as Go's `URL.Query()` reads them.
struct QueryTextTests {
    private func query(_ text: String) -> QueryText { QueryText(text.utf8) }

    @Test func `parameters come in order, decoded`() {
        let query = query("a=1&b+c=%7B%22x%22%3A+1%7D&a=2&&empty=&bare&=x&a=1=2")
        #expect(query.parameters.map(\.name) == ["a", "b c", "a", "empty", "bare", "", "a"])
        #expect(query.values("a") == ["1", "2", "1=2"])
        #expect(query["a"] == "1" && query["b c"] == #"{"x": 1}"# && query["empty"] == "" && query["bare"] == "")
        #expect(query["none"] == nil && query.bytes("none") == nil && query.badNames.isEmpty)
    }

    @Test func `one that can't be read counts as not given, and is named`() {
        let query = query("a=%zz&b%61d=%4&%=1&a=2&c=x%")
        #expect(query.parameters.map(\.name) == ["a"] && query["a"] == "2")
        #expect(query.badNames == ["a", "bad", "c"])
    }

    @Test func `names and values are decoded once, after the split`() {
        let query = query("%61%26=1%3D%262&p=%252F")
        #expect(query["a&"] == "1=&2" && query["p"] == "%2F")
        #expect(self.query("v=%ff").bytes("v") == [0xFF] && self.query("v=%ff")["v"] == "\u{FFFD}")
    }
}
