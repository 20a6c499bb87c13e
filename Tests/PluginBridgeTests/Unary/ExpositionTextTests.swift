import Testing

@testable import PluginBridge

@Suite struct ExpositionTextTests {
    private func fault(_ text: String) -> ExpositionText.Fault? {
        Array(text.utf8).withUnsafeBytes { ExpositionText.fault($0) }
    }

    @Test(arguments: [
        "", "\n\n", "a 1", "a 1\n", "a{} 1\n", "a{b=\"c\"} 1.5e-3 1395066363000\n", "  a{b=\"c\",} -1 -5  \n",
        "a:b_1\t+Inf\n",
        "a NaN\na -inf\na 0x1p-2\na .5\na 5.\n", "a { b = \"x\" , c=\"\\\\\\\"\\n\" } 1\n", "a{b=\"}\"} 1\n",
        "# a comment\n#\n# HELP a What ü is.\n# TYPE a counter\n# TYPE a untyped \n# EOF\n", "{\"my.name\"} 1\n",
        "{\"my.name\", b=\"c\", \"d.e\"=\"f\"} 1\n", "a{\"d.e\"=\"ü\"} 1\n", "# TYPE \"my.name\" gauge\n",
    ])
    func `good texts pass`(text: String) { #expect(fault(text) == nil, "\(text)") }

    @Test(arguments: [
        ("{\"a\":1}", 1), ("<html>", 1), ("a", 1), ("a \n", 1), ("a b\n", 1), ("a 1 2 3\n", 1), ("a 1 2.5\n", 1),
        ("a 1\n1a 2\n", 2), ("a{b=\"c\" 1\n", 1), ("a{b=c} 1\n", 1), ("a{b} 1\n", 1), ("a{=\"c\"} 1\n", 1),
        ("{} 1\n", 1),
        ("{b=\"c\"} 1\n", 1), ("a 1\r\n", 1), ("a{b=\"c\n\"} 1\n", 1), ("# TYPE a\n", 1), ("# TYPE a thing\n", 1),
        ("a 1e\n", 1), ("a 1_000\n", 1), ("a --1\n", 1), ("a{b=\"c\\", 1), ("a{b:c=\"d\"} 1\n", 1), ("a-b 1\n", 1),
        ("a{\"x\"} 1\n", 1), ("a 0xZ\n", 1), ("\n\n\nnot metrics\n", 4),
    ])
    func `others are told by their first bad line`(text: String, line: Int) {
        #expect(fault(text)?.line == line, "\(text)")
    }

    @Test func `a label that is not UTF-8 is a fault, and long lines are cut`() {
        let bad = Array("a{b=\"".utf8) + [0xFF] + Array("\"} 1\n".utf8)
        #expect(bad.withUnsafeBytes { ExpositionText.fault($0) }?.line == 1)
        #expect(fault(String(repeating: "?", count: 10_000))?.text.count == 120)
    }
}
