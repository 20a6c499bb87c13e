import Testing

@testable import PluginBridge

/// Values of a plugin's log keep their types.
struct LogFieldValueTests {
    @Test(
        arguments: [
            (#""two \"words\" ü""#, #"two "words" ü"#, nil), ("3", "3", "3"), ("-1.5e3", nil, nil),
            ("true", "true", "true"), ("null", "null", "null"),
            (#"{ "a" : [1, "x"] }"#, #"{"a":[1,"x"]}"#, #"{"a":[1,"x"]}"#),
            ("01", "01", nil), ("oops", "oops", nil),
        ] as [(String, String?, String?)])
    func `types`(text: String, shown: String?, json: String?) {
        let value = LogFieldValue(text)
        if let shown {
            #expect(value.description == shown)
            #expect(value.json == json)
        } else {
            #expect(value.json.flatMap { Double($0) } == Double(text))
        }
    }
}
