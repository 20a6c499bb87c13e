import Bytes
import Testing

@testable import APIServer

@Suite struct YAMLDocumentTests {
    private func value(_ text: String) throws -> JSONValue? {
        try YAMLDocument.parse("a: \(text)", file: "f").first?.json["a"]
    }

    @Test(arguments: [
        ("1_000", "1000"), ("0o17", "15"), ("0O17", "15"), ("0b101", "5"), ("0x1F", "31"), ("-0b1_1", "-3"),
        ("+7", "7"),
        ("0644", "420"), ("18_446_744_073_709_551_615", "18446744073709551615"), ("1_000.5", "1000.5"), ("12", "12"),
    ])
    func `Numbers have Go's spellings`(text: String, number: String) throws {
        #expect(try value(text) == .number(try #require(JSONNumber(text: number))))
    }

    @Test(arguments: ["_1", "0x", "0xG", "0o8", "0b2", "1_a", "1.2.3", "2024-01-02", "'1_000'", "yes", "0x1Fm", "--1"])
    func `Everything else stays text`(text: String) throws {
        #expect(try value(text) == .string(text.filter { $0 != "'" }))
    }

    @Test func `A mark at the beginning of a document is none of it`() throws {
        let documents = try YAMLDocument.parse(
            "\u{FEFF}a: 1\r\nb: 2\r\n---\r\n\u{FEFF}a: 3\r\nb: x\r\n", file: "f")
        #expect(documents.map(\.json) == [["a": 1, "b": 2], ["a": 3, "b": "x"]])
        #expect(documents.last?.line(of: "b") == 5)
    }
}
