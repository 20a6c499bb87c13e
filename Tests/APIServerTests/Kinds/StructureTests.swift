import Bytes
import DataPlaneAPI
import Testing

@testable import APIServer

struct StructureTests {
    private let structure = Structure(properties: [
        "spec": [
            "type": "object",
            "properties": [
                "size": ["type": "integer", "default": 3],
                "ratio": ["type": "number"],
                "port": ["x-kubernetes-int-or-string": true],
                "label": ["type": "string", "nullable": true],
                "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                "table": ["type": "object", "additionalProperties": ["type": "integer"]],
                "tags": ["type": "array", "items": ["type": "string"]],
                "set": ["type": "array", "x-kubernetes-list-type": "set", "items": ["type": "string"]],
                "parts": [
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "kind"],
                    "items": [
                        "type": "object",
                        "properties": [
                            "name": ["type": "string"], "kind": ["type": "string"],
                            "color": ["type": "string", "default": "red"],
                            "inner": [
                                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
                                "items": ["type": "object", "properties": ["id": ["type": "string"]]],
                            ],
                        ],
                    ],
                ],
                "shape": [
                    "type": "object", "default": ["kind": "round"],
                    "properties": ["kind": ["type": "string"], "radius": ["type": "integer", "default": 1]],
                ],
            ],
        ]
    ])

    private func spec(_ text: String) throws -> JSONValue {
        try structure.settled(["metadata": ["name": "a"], "spec": JSONValue.parse(text)])["spec"] ?? .null
    }

    @Test(arguments: [
        // Defaults stand in objects that are there, and what stands for an object is filled as well.
        ("{}", #"{"size":3,"shape":{"kind":"round","radius":1}}"#),
        (#"{"size":5,"shape":{}}"#, #"{"size":5,"shape":{"radius":1}}"#),
        (
            #"{"size":1,"shape":{},"parts":[{"name":"n"}]}"#,
            #"{"size":1,"shape":{"radius":1},"parts":[{"name":"n","color":"red"}]}"#
        ),
        // Null is no value, unless the schema says so.
        (#"{"size":null,"label":null,"shape":{}}"#, #"{"label":null,"size":3,"shape":{"radius":1}}"#),
        // What the schema doesn't name goes, except where it says that it stays.
        (
            #"{"size":1,"bogus":1,"free":{"a":{"b":1}},"table":{"x":1},"shape":{"z":1,"radius":2}}"#,
            #"{"size":1,"free":{"a":{"b":1}},"table":{"x":1},"shape":{"radius":2}}"#
        ),
        (
            #"{"size":1,"shape":{},"port":"http","ratio":1.5}"#,
            #"{"size":1,"shape":{"radius":1},"port":"http","ratio":1.5}"#
        ),
    ])
    func `objects are pruned and filled`(_ text: String, _ expected: String) throws {
        #expect(try spec(text) == (try JSONValue.parse(expected)))
    }

    @Test(arguments: [
        (#"{"size":1.5}"#, "spec.size"), (#"{"ratio":"1"}"#, "spec.ratio"), (#"{"tags":[null]}"#, "spec.tags[0]"),
        (#"{"table":{"x":"y"}}"#, "spec.table.x"), (#"{"parts":[{"inner":[{"id":1}]}]}"#, "spec.parts[0].inner[0].id"),
    ])
    func `wrong types are found at any depth`(_ text: String, _ field: String) {
        #expect { try spec(text) } throws: { ($0 as? GatewayError)?.causes.map(\.field) == [field] }
    }

    @Test func `keyed lists are found, also in each other, with their keys in order`() {
        #expect(structure.listKeys == ["spec.parts": ["kind", "name"], "spec.parts.inner": ["id"]])
    }

    @Test func `sets are found, and what they have twice`() throws {
        #expect(structure.sets == ["spec.set"])
        #expect(structure.paths.sets == ["spec.set", "metadata.finalizers"])
        #expect(structure.paths.listKeys["metadata.ownerReferences"] == ["uid"])
        let object = try JSONValue.parse(#"{"spec":{"set":["a","b","a"],"tags":["t","t"]}}"#)
        #expect(structure.faults(of: object).map(\.field) == ["spec.set[2]"])
        #expect(structure.faults(of: try JSONValue.parse(#"{"spec":{"set":["a","b"]}}"#)).isEmpty)
    }

    @Test func `what somebody wants gets no defaults`() throws {
        let wanted = try structure.pruned([
            "metadata": ["name": "a"], "spec": ["bogus": 1, "label": .null, "tags": []],
        ])
        #expect(wanted == ["metadata": ["name": "a"], "spec": ["label": .null, "tags": []]])
    }
}
