import DataPlaneAPI
import Testing

@testable import Bytes

struct JSONPatchApplyTests {
    @Test(arguments: [
        (#"{"a":1}"#, #"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
        (#"{"a":[1,3]}"#, #"[{"op":"add","path":"/a/1","value":2}]"#, #"{"a":[1,2,3]}"#),
        (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/-","value":2}]"#, #"{"a":[1,2]}"#),
        (#"{"a":[1,2]}"#, #"[{"op":"remove","path":"/a/0"}]"#, #"{"a":[2]}"#),
        (#"{"a":1}"#, #"[{"op":"replace","path":"/a","value":{"b":2}}]"#, #"{"a":{"b":2}}"#),
        (#"{"a":1,"b":{}}"#, #"[{"op":"move","from":"/a","path":"/b/c"}]"#, #"{"b":{"c":1}}"#),
        (#"{"a":{"x":1}}"#, #"[{"op":"copy","from":"/a","path":"/b"}]"#, #"{"a":{"x":1},"b":{"x":1}}"#),
        (#"{"a":1.0}"#, #"[{"op":"test","path":"/a","value":1},{"op":"remove","path":"/a"}]"#, "{}"),
        (#"{"a/b":1,"m~n":2}"#, #"[{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/m~0n"}]"#, "{}"),
        (#"{"a":1}"#, #"[{"op":"replace","path":"","value":[]}]"#, "[]"),
        (#"{"a":null}"#, #"[{"op":"test","path":"/a","value":null}]"#, #"{"a":null}"#),
    ])
    func `JSON patches follow RFC 6902`(_ target: String, _ patch: String, _ expected: String) throws {
        let result = try JSONPatch(try JSONValue.parse(patch)).apply(to: try JSONValue.parse(target))
        #expect(result == (try JSONValue.parse(expected)))
    }

    @Test(arguments: [
        #"[{"op":"remove","path":"/none"}]"#, #"[{"op":"replace","path":"/none","value":1}]"#,
        #"[{"op":"add","path":"/a/9","value":1}]"#, #"[{"op":"add","path":"/a/01","value":1}]"#,
        #"[{"op":"add","path":"/a/-1","value":1}]"#, #"[{"op":"add","path":"/a/99999999999999999999","value":1}]"#,
        #"[{"op":"test","path":"/a","value":1}]"#, #"[{"op":"move","from":"/o","path":"/o/x"}]"#,
        #"[{"op":"add","path":"/a/0/x","value":1}]"#, #"[{"op":"remove","path":""}]"#,
    ])
    func `a JSON patch that can't be done is a fault`(_ patch: String) throws {
        let patch = try JSONPatch(try JSONValue.parse(patch))
        #expect(throws: JSONPatch.Fault.self) { try patch.apply(to: ["a": [1], "o": ["p": 1]]) }
    }

    @Test(arguments: [
        "{}", "[1]", #"[{"path":"/a"}]"#, #"[{"op":"jump","path":"/a"}]"#, #"[{"op":"add","path":"/a"}]"#,
        #"[{"op":"add","path":"a","value":1}]"#, #"[{"op":"move","path":"/a"}]"#,
    ])
    func `what is no JSON patch is a bad request`(_ patch: String) throws {
        let json = try JSONValue.parse(patch)
        #expect { try JSONPatch(json) } throws: { ($0 as? GatewayError)?.code == .badRequest }
    }

    @Test(arguments: [("/l", "/l/-"), ("", "/a"), ("/l", "/l/0")])
    func `a JSON patch that copies itself into itself is stopped`(_ from: String, _ path: String) throws {
        let operation: JSONValue = ["op": "copy", "from": .string(from), "path": .string(path)]
        let patch = try JSONPatch(.array(Array(repeating: operation, count: 1_000)))
        #expect {
            try patch.apply(to: ["a": "0123456789", "l": ["x"]])
        } throws: { error in
            let message = (error as? JSONPatch.Fault)?.message ?? ""
            return message.contains("128 levels") || message.contains("3145728")
        }
    }

    @Test(arguments: [true, false])
    func `a JSON patch that takes a big container apart is stopped`(_ isObject: Bool) throws {
        let entries = (0..<20_000).map { isObject ? "\"\($0)\":0" : "0" }.joined(separator: ",")
        let document = try JSONValue.parse(isObject ? "{\(entries)}" : "[\(entries)]")
        let removals = (0..<10_000).map { JSONPatch.Operation(.remove, JSONPointer([isObject ? String($0) : "0"])) }
        let fault = try #require(throws: JSONPatch.Fault.self) {
            try JSONPatch(operations: removals).apply(to: document)
        }
        #expect(fault.message.contains("moves more than"))
        #expect(throws: Never.self) { try JSONPatch(operations: Array(removals.prefix(400))).apply(to: document) }
    }

    @Test(arguments: [
        (
            #"[{"op":"replace","path":"/spec/plugin/name","value":1}]"#,
            #"/spec/plugin/name: /spec has no member "plugin""#
        ),
        (#"[{"op":"remove","path":"/spec/missing"}]"#, #"/spec/missing: /spec has no member "missing""#),
        (#"[{"op":"add","path":"/meta/labels/a","value":"b"}]"#, #"/meta/labels/a: the document has no member "meta""#),
        (
            #"[{"op":"add","path":"/spec/list/5","value":1}]"#,
            #"/spec/list/5: /spec/list is an array with 2 entries, and "5" is not the index of one"#
        ),
        (
            #"[{"op":"replace","path":"/spec/list/x/y","value":1}]"#,
            #"/spec/list/x/y: /spec/list is an array with 2 entries, and "x" is not the index of one"#
        ),
        (#"[{"op":"copy","from":"/spec/a~1b","path":"/x"}]"#, #"/spec/a~1b: /spec has no member "a/b""#),
        (#"[{"op":"move","from":"/none","path":"/x"}]"#, #"/none: the document has no member "none""#),
        (#"[{"op":"remove","path":"/spec/word/x"}]"#, #"/spec/word/x: /spec/word is a string and has no "x""#),
        (#"[{"op":"test","path":"/spec/missing","value":1}]"#, #"/spec/missing: /spec has no member "missing""#),
    ])
    func `the message names the segment that is missing`(patch: String, expected: String) throws {
        let document: JSONValue = ["spec": ["list": [1, 2], "word": "w"]]
        let patch = try JSONPatch(try JSONValue.parse(patch))
        let fault = try #require(throws: JSONPatch.Fault.self) { try patch.apply(to: document) }
        #expect(fault.message.contains("there is nothing at \(expected)"), "\(fault.message)")
    }
}
