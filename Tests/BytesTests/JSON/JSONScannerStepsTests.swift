import Testing

@testable import Bytes

/// Texts are read step by step.
struct JSONScannerStepsTests {
    private func scan<Value>(
        _ text: [UInt8], lenient: Bool = false, _ body: (inout JSONScanner) throws -> Value
    ) throws -> Value {
        try text.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, keepsInvalidText: lenient)
            return try body(&scanner)
        }
    }

    @Test func `members and entries come one by one`() throws {
        try scan(Array(#" { "a" : [ 1 , "x\u0041" ] , "\u0062":{}, "c":[] } "#.utf8)) {
            (scanner: inout JSONScanner) throws in
            #expect(try scanner.enter())
            #expect(try scanner.keyBytes() == Array("a".utf8))
            #expect(try scanner.enter())
            #expect(try scanner.value().count == 1)
            #expect(try scanner.next(inObject: false))
            #expect(try scanner.stringBytes() == Array("xA".utf8))
            #expect(try !scanner.next(inObject: false))
            #expect(try scanner.next(inObject: true))
            #expect(try scanner.key(is: "b"))
            #expect(try !scanner.enter())
            #expect(try scanner.next(inObject: true))
            #expect(try !scanner.key(is: "d"))
            #expect(try !scanner.enter())
            #expect(try !scanner.next(inObject: true))
            #expect(scanner.peek() == nil)
        }
    }

    @Test(arguments: ["", "1", "{", "[", "\"a\""])
    func `what is no container can't be entered`(text: String) throws {
        _ = try scan(Array(text.utf8)) { (scanner: inout JSONScanner) throws in
            #expect(throws: JSONError.self) { try scanner.enter() }
        }
    }

    @Test(arguments: [(#"{"a":1]"#, true), ("[1}", false), ("[1 2]", false), ("[1", false)])
    func `an end of the other kind, or none, is an error`(text: String, isObject: Bool) throws {
        try scan(Array(text.utf8)) { scanner in
            #expect(try scanner.enter())
            if isObject { _ = try scanner.keyBytes() }
            _ = try scanner.value()
            #expect(throws: JSONError.self) { try scanner.next(inObject: isObject) }
        }
    }

    @Test func `bytes that aren't UTF-8 are kept where that is asked for`() throws {
        let text = [0x22, 0x61, 0xFF, 0xC3, 0x22] as [UInt8]
        #expect(throws: JSONError.self) { try scan(text) { try $0.stringBytes() } }
        #expect(try scan(text, lenient: true) { try $0.stringBytes() } == [0x61, 0xFF, 0xC3])
        #expect(try scan(text, lenient: true) { $0.string(at: try $0.value()) } == "a\u{FFFD}\u{FFFD}")
        #expect(try scan(Array("12".utf8)) { $0.string(at: try $0.value()) } == nil)
    }
}
