import Testing

@testable import Bytes

struct JSONValueTests {
    @Test func everyByteOfANumberAndTheOrderOfKeysSurvive() throws {
        let text = #"{"z":1.10,"a":123456789012345678901234567890,"m":-0,"e":1E+2,"n":null,"l":[true,false,"x"]}"#
        #expect(try JSONValue.parse(text).text() == text)
    }

    @Test func indentedTextIsGos() throws {
        let value = try JSONValue.parse(#"{"a":{},"b":[],"c":[1,{"d":"<"}]}"#)
        #expect(
            value.text(.init(indented: true, escapeHTML: true))
                == """
                {
                  "a": {},
                  "b": [],
                  "c": [
                    1,
                    {
                      "d": "\\u003c"
                    }
                  ]
                }
                """)
    }

    @Test func escapesAreResolvedAndWrittenAsGoWritesThem() throws {
        // Half a character is replaced, as Go does.
        let halves = try JSONValue.parse(#"["\ud800","\udc00","\ud800\u0041","\ud800\ud800\udc00","\ud800xxdc00"]"#)
        #expect(halves == ["\u{FFFD}", "\u{FFFD}", "\u{FFFD}A", "\u{FFFD}\u{10000}", "\u{FFFD}xxdc00"])
        let value = try JSONValue.parse(#""\u0041\/\b\f\n\r\t\"\\\uD83D\uDE00é\u2028""#)
        #expect(value.asString == "A/\u{8}\u{c}\n\r\t\"\\😀é\u{2028}")
        #expect(
            value.text(.init(escapeHTML: true)) == #""A/\u0008\u000c\n\r\t\"\\😀é\u2028""#)
        #expect(JSONValue.string("<>&").text() == #""<>&""#)
        #expect(JSONValue.string("<>&").text(.init(escapeHTML: true)) == #""\u003c\u003e\u0026""#)
    }

    @Test(
        arguments: [
            "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{1:2}", "]",
            "}", "[1}", "{\"a\":1]", "01", "-", "+1", "1.", ".5", "1e", "1e+", "1x", "0x1", "--1", "NaN", "Infinity",
            "nul", "nulll", "tru", "True", "'a'", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
            "\"a\nb\"", "\"\u{0}\"", "1 2", "{} {}", "[1 2]", "{\"a\" 1}",
            "// c\n1", "\u{FEFF}1", "[\u{a0}1]", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
        ])
    func hostileTextIsRefusedByParserAndScanner(_ text: String) {
        let parsed = Result { try JSONValue.parse(text) }
        #expect(throws: JSONError.self) { try parsed.get() }
        let isDuplicate = text.contains(",\"a\":2") || text.contains("u0061")
        let scanned = Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            return (try? scanner.wholeValue()) != nil
        }
        #expect(scanned == isDuplicate)
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], [0x22, 0x80, 0x22], [0x22, 0xF0, 0x80, 0x80, 0x80, 0x22],
            [0x22, 0xE2, 0x82],
        ] as [[UInt8]])
    func invalidUTF8IsRefused(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue.parse(bytes) }
        #expect(throws: JSONError.self) {
            try bytes.withUnsafeBytes { raw in
                var scanner = JSONScanner(raw)
                _ = try scanner.wholeValue()
            }
        }
    }

    @Test func depthIsLimitedWithoutUsingTheStack() throws {
        let fits = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try JSONValue.parse(fits).text() == fits)
        let deep = String(repeating: #"{"a":["#, count: 1_000_000)
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(deep) }
        #expect(error?.problem == .tooDeep)
        let bytes = Array(fits.utf8)
        let range = try bytes.withUnsafeBytes { raw in
            var scanner = JSONScanner(raw)
            return try scanner.wholeValue()
        }
        #expect(range == 0..<1024)
    }

    @Test func theScannerKeepsTrackOfMoreThan64MixedLevels() throws {
        let depth = 200
        let text = String(repeating: #"[{"k":"#, count: depth) + "1" + String(repeating: "}]", count: depth)
        let bytes = Array(text.utf8)
        let range = try bytes.withUnsafeBytes { raw in
            var scanner = JSONScanner(raw)
            return try scanner.wholeValue()
        }
        #expect(range == 0..<bytes.count)
        #expect(try JSONValue.parse(text).text() == text)
    }

    @Test func anErrorSaysWhere() throws {
        let text = "{\n  \"queries\": [\n    {},\n    {\"refId\": tru }\n  ]\n}"
        let error = try #require(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error.path == "queries[1].refId")
        #expect(error.line == 4 && error.column == 15)
        #expect(error.path == "queries[1].refId")
    }

    @Test func aDuplicateKeyIsNamedOrTheLastWins() throws {
        let text = #"{"x":{"a":1,"b":2,"a":3}}"#
        let error = try #require(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error.problem == .duplicateKey && error.path == "x.a" && error.offset == 18)
        #expect(try JSONValue.parse(text, .init(duplicates: .lastWins)).text() == #"{"x":{"a":3,"b":2}}"#)
    }

    @Test func bigObjectsFindTheirKeysAfterChanges() throws {
        var value = JSONValue.emptyObject
        for index in 0..<100 { value["k\(index)"] = .int(index) }
        value["k7"] = nil
        #expect(value["k7"] == nil && value["k8"]?.asInt == 8 && value["k99"]?.asInt == 99)
        #expect(value.asObject?.count == 99 && value.asObject?.keys.first == "k0")
        #expect(try JSONValue.parse(value.bytes()) == value)
    }

    @Test func integersAreExactOrNothing() throws {
        #expect(try JSONValue.parse("9223372036854775807").asInt == .max)
        #expect(try JSONValue.parse("-9223372036854775808").asInt == .min)
        #expect(try JSONValue.parse("9223372036854775808").asInt == nil)
        #expect(try JSONValue.parse("1e3").asInt == 1000)
        #expect(try JSONValue.parse("2.50e1").asInt == 25)
        #expect(try JSONValue.parse("0.5").asInt == nil)
        #expect(try JSONValue.parse("1e999999999999999999999").asInt == nil)
        #expect(try JSONValue.parse("0e999999").asInt == 0)
    }

    @Test func equivalenceComparesNumbersByValueAndIgnoresKeyOrder() throws {
        let left = try JSONValue.parse(#"{"a":1.0,"b":[10e-1]}"#)
        let right = try JSONValue.parse(#"{"b":[1],"a":1}"#)
        #expect(left.isEquivalent(to: right) && left != right)
        #expect(!left.isEquivalent(to: try JSONValue.parse(#"{"b":[1],"a":2}"#)))
    }

    @Test func theScannerFindsMembersByTheirUnescapedKey() throws {
        let bytes = Array(#" { "q\u0075eries" : [1, {"x":2}] , "to":"now" } "#.utf8)
        try bytes.withUnsafeBytes { raw in
            var scanner = JSONScanner(raw)
            var found: [String] = []
            let probe = scanner
            try scanner.members { (member) throws(JSONError) in
                if probe.key(of: member, is: "queries") {
                    found.append(String(decoding: raw[member.value], as: UTF8.self))
                }
            }
            #expect(found == [#"[1, {"x":2}]"#])
        }
    }

    @Test func `keys and strings are compared byte by byte`() throws {
        // A composed and a decomposed letter look the same, and Swift's == takes them for equal.
        for padding in [0, 20] {
            let others = (0..<padding).map { ",\"\($0)\":0" }.joined()
            let value = try JSONValue.parse("{\"e\u{301}\":1,\"\u{e9}\":2\(others)}")
            #expect(value["e\u{301}"] == 1 && value["\u{e9}"] == 2)
        }
        #expect(JSONValue.string("e\u{301}") != "\u{e9}" && JSONValue.string("e\u{301}") == "e\u{301}")
    }

    @Test func `an object finds its members whatever came and went`() throws {
        for round in 0..<20 {
            var object = JSONObject()
            var plain: [(key: String, value: JSONValue)] = []
            for step in 0..<600 {
                // Scattered, and the same in every run.
                let mixed = (step + round * 1_009) &* 0x9E37_79B9_7F4A_7C1 >> 20
                let key = String((mixed & 0x7FFF) % 160)
                let value: JSONValue? = (mixed >> 15) & (step < 300 ? 3 : 1) == 0 ? nil : .int(step)
                object[key] = value
                let place = plain.firstIndex { $0.key == key }
                switch (place, value) {
                case (let place?, let value?): plain[place].value = value
                case (let place?, nil): plain.remove(at: place)
                case (nil, let value?): plain.append((key, value))
                default: break
                }
                try #require(object[key] == value && object.count == plain.count)
            }
            try #require(object.keys == plain.map(\.key))
            for (key, value) in plain { try #require(object[key] == value) }
            for key in 160..<200 { try #require(object[String(key)] == nil) }
        }
    }
}
