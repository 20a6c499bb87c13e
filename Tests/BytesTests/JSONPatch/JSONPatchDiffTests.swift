import Testing

@testable import Bytes

struct JSONPatchDiffTests {
    private func patch(_ old: String, _ new: String) throws -> String {
        let patch = JSONPatch(from: try JSONValue.parse(old), to: try JSONValue.parse(new))
        return String(decoding: patch.bytes(), as: UTF8.self)
    }

    @Test(arguments: [
        (#"{"foo":"bar"}"#, #"{"foo": "foo"}"#, #"[{"op":"replace","path":"/foo","value":"foo"}]"#),
        (#"{"a":1,"b":[{}]}"#, #"{"b":[{}],"a":1}"#, "[]"),
        (
            "{}", #"{"b":1,"a":{"x":[]}}"#,
            ##"[{"op":"add","path":"/a","value":{"x":[]}},{"op":"add","path":"/b","value":1}]"##
        ),
        (
            #"{"z":1,"m":1}"#, #"{"a":1}"#,
            ##"[{"op":"add","path":"/a","value":1},{"op":"remove","path":"/m"},{"op":"remove","path":"/z"}]"##
        ),
        (#"{"s":{"a":1,"b":2}}"#, #"{"s":{"a":1,"b":3}}"#, #"[{"op":"replace","path":"/s/b","value":3}]"#),
        // AD-24, AD-25, AD-26, AD-27
        (#"{"l":[1,2,3]}"#, #"{"l":[1,3]}"#, #"[{"op":"remove","path":"/l/1"}]"#),
        ("{}", #"{"a/b":1}"#, #"[{"op":"add","path":"/a~1b","value":1}]"#),
        (#"{"a":null}"#, #"{"a":5}"#, #"[{"op":"add","path":"/a","value":5}]"#),
        (#"{"l":[{"a":1}]}"#, #"{"l":["x"]}"#, #"[{"op":"replace","path":"/l/0","value":"x"}]"#),
        (#"{"a":5}"#, #"{"a":null}"#, #"[{"op":"replace","path":"/a","value":null}]"#),
        (
            #"{"long-list":["aaaa",{"a":1},"bbbb"]}"#, #"{"long-list":["aaaa","x","bbbb"]}"#,
            #"[{"op":"replace","path":"/long-list/1","value":"x"}]"#
        ),
    ])
    func `what changed and nothing else is in the patch`(_ old: String, _ new: String, _ expected: String) throws {
        #expect(try patch(old, new) == expected)
    }

    @Test(arguments: [
        // 2^53 + 1 and its neighbour are the same binary value.
        ("9007199254740993", "9007199254740992", false), ("9007199254740993", "9007199254740993.0", true),
        ("1", "1.0", true), ("100", "1e2", true), ("0", "-0.0", true), ("0.1", "0.10", true),
        ("123456789012345678901234567890", "123456789012345678901234567891", false),
        ("1e400", "1e401", false), ("1e99999999999999999999", "1e99999999999999999999", true), ("1", "\"1\"", false),
    ])
    func `numbers are compared by their exact value`(_ old: String, _ new: String, _ same: Bool) throws {
        let text = try patch(#"{"n":\#(old)}"#, #"{"n":\#(new)}"#)
        #expect(text == (same ? "[]" : #"[{"op":"replace","path":"/n","value":\#(new)}]"#))
    }

    @Test(arguments: [
        (#"{"":1}"#, #"{"":2}"#, "/"), (#"{"~1":1}"#, #"{"~1":2}"#, "/~01"),
        (#"{"a~b/c":1}"#, #"{"a~b/c":2}"#, "/a~0b~1c"),
        (#"{"q\"\\":1}"#, #"{"q\"\\":2}"#, #"/q\"\\"#), (#"{"\n":1}"#, #"{"\n":2}"#, #"/\n"#),
        (#"{"é":1}"#, #"{"é":2}"#, "/é"),
    ])
    func `keys are escaped for the pointer and then for JSON`(_ old: String, _ new: String, _ path: String) throws {
        #expect(try patch(old, new) == #"[{"op":"replace","path":"\#(path)","value":2}]"#)
    }

    @Test func `texts that only look the same are different`() throws {
        #expect(try patch("{\"a\":\"e\u{301}\"}", "{\"a\":\"\u{e9}\"}").contains("replace"))
        let text = try patch("{\"e\u{301}\":1}", "{\"\u{e9}\":1}")
        #expect(
            text == "[{\"op\":\"remove\",\"path\":\"/e\u{301}\"},{\"op\":\"add\",\"path\":\"/\u{e9}\",\"value\":1}]")
    }

    @Test(arguments: [("{}", "[]"), ("[]", "{}"), ("1", "\"1\""), ("null", "{}"), ("[1]", "null")])
    func `another type at the root replaces the document`(_ old: String, _ new: String) throws {
        #expect(try patch(old, new) == #"[{"op":"replace","path":"","value":\#(new)}]"#)
    }

    @Test func `a sidecar put before a container leaves the container alone`() throws {
        let app =
            #"{"name":"app","image":"registry.example.org/app:1","ports":[{"containerPort":80}],"env":[{"name":"A","value":"1"}]}"#
        let changed = app.replacing("app:1", with: "app:2")
        let sidecar = #"{"name":"proxy","image":"registry.example.org/proxy:7"}"#
        #expect(
            try patch(#"{"c":[\#(app)]}"#, #"{"c":[\#(sidecar),\#(changed)]}"#)
                == ##"[{"op":"add","path":"/c/0","value":\##(sidecar)},{"op":"replace","path":"/c/1/image","value":"registry.example.org/app:2"}]"##
        )
    }

    @Test func `an array is replaced where single changes would be longer`() throws {
        #expect(try patch(#"{"a":[1,2,3]}"#, #"{"a":[4,5,6]}"#) == #"[{"op":"replace","path":"/a","value":[4,5,6]}]"#)
    }

    @Test func `many entries that move cost few operations`() throws {
        let entries = (0..<20_000).map { #"{"id":\#($0),"text":"some text"}"# }
        var changed = entries
        changed.remove(at: 15_000)
        changed.insert(#"{"id":-1}"#, at: 10_000)
        changed[5_000] = #"{"id":5000,"text":"other text"}"#
        let text = try patch("[\(entries.joined(separator: ","))]", "[\(changed.joined(separator: ","))]")
        #expect(
            text
                == ##"[{"op":"replace","path":"/5000/text","value":"other text"},{"op":"add","path":"/10000","value":{"id":-1}},{"op":"remove","path":"/15001"}]"##
        )
    }

    @Test func `hostile documents cost bounded work and give bounded patches`() throws {
        let long = String(repeating: "k", count: 200_000)
        let members = (0..<20_000).map { "\"\($0)\":\($0)" }.joined(separator: ",")
        let others = (0..<20_000).map { "\"\($0)\":\($0 + 1)" }.joined(separator: ",")
        let pairs: [(String, String)] = [
            // A long key above many changes.
            ("{\"\(long)\":{\(members)}}", "{\"\(long)\":{\(others)}}"),
            // Two long arrays without anything in common, and two of the same few values.
            (
                "[\((0..<30_000).map(String.init).joined(separator: ","))]",
                "[\((30_000..<60_000).map(String.init).joined(separator: ","))]"
            ),
            (
                "[\((0..<30_000).map { String($0 % 3) }.joined(separator: ","))]",
                "[\((0..<29_999).map { String($0 * 7 % 5 % 3) }.joined(separator: ","))]"
            ),
            (
                String(repeating: "[0,", count: 120) + "1" + String(repeating: "]", count: 120),
                String(repeating: "[1,", count: 120) + "0" + String(repeating: "]", count: 120)
            ),
        ]
        for (old, new) in pairs {
            let target = try JSONValue.parse(new)
            let patch = JSONPatch(from: try JSONValue.parse(old), to: target)
            #expect(patch.operations.count <= JSONPatch.operationLimit)
            #expect(patch.bytes().count <= new.utf8.count + 5_000)
            #expect(try patch.apply(to: try JSONValue.parse(old)) == target)
        }
    }
}
