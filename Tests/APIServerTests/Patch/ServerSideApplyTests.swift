import Bytes
import DataPlaneAPI
import Testing

@testable import APIServer

struct ServerSideApplyTests {
    private let paths = FieldPaths(listKeys: ["spec.list": ["name", "kind"]], sets: ["spec.tags"])

    private func apply(
        _ spec: JSONValue, by manager: String, to live: JSONValue?, force: Bool = false
    ) throws -> JSONValue {
        try ServerSideApply(
            paths: paths, writer: .init(manager: manager, apiVersion: "g/v1"), force: force, now: "2026-01-05T10:00:00Z"
        ).apply(["metadata": ["name": "a"], "spec": spec], to: live)
    }

    private func owners(_ object: JSONValue) -> [String: JSONValue] {
        var owners: [String: JSONValue] = [:]
        for entry in object["metadata"]?["managedFields"]?.asArray ?? [] {
            owners[entry["manager"]?.asString ?? ""] = entry["fieldsV1"]
        }
        return owners
    }

    @Test func `another manager's value is a conflict that names it, and force takes it`() throws {
        let first = try apply(["x": 1], by: "a", to: nil)
        #expect {
            try apply(["x": 2], by: "b", to: first)
        } throws: { error in
            guard let error = error as? GatewayError else { return false }
            return error.code == .conflict && error.causes.map(\.reason) == ["FieldManagerConflict"]
                && error.message == #"Apply failed with 1 conflict: conflict with "a" using g/v1: .spec.x"#
        }
        let taken = try apply(["x": 2], by: "b", to: first, force: true)
        #expect(taken["spec"] == ["x": 2])
        #expect(owners(taken) == ["b": ["f:spec": ["f:x": .emptyObject]]])
    }

    @Test func `equal values are owned together`() throws {
        let both = try apply(["x": 1], by: "b", to: try apply(["x": 1], by: "a", to: nil))
        #expect(Set(owners(both).keys) == ["a", "b"])
        let one = try apply([:], by: "a", to: both)
        #expect(one["spec"] == ["x": 1])
        #expect(owners(one) == ["a": ["f:spec": .emptyObject], "b": ["f:spec": ["f:x": .emptyObject]]])
        // An empty object that was applied once doesn't take what others put into it along.
        let gone = try ServerSideApply(
            paths: paths, writer: .init(manager: "a", apiVersion: "g/v1"), force: false, now: "2026-01-05T10:00:01Z"
        ).apply(["metadata": ["name": "a", "labels": ["l": "m"]]], to: one)
        #expect(gone["spec"] == ["x": 1])
    }

    @Test func `a field that its only owner leaves out is removed`() throws {
        let first = try apply(["x": 1, "y": ["z": 2]], by: "a", to: nil)
        let second = try apply(["x": 1], by: "a", to: first)
        #expect(second["spec"]?["x"] == 1)
        #expect(second["spec"]?["y"]?["z"] == nil)
    }

    @Test func `entries of a keyed list are merged and removed by their keys`() throws {
        let one: JSONValue = ["name": "n", "kind": "k", "v": 1]
        let two: JSONValue = ["name": "m"]
        let live = try apply(["list": [two]], by: "b", to: try apply(["list": [one]], by: "a", to: nil))
        #expect(live["spec"]?["list"] == [one, two])
        let changed = try apply(["list": [["name": "n", "kind": "k", "v": 2]]], by: "a", to: live)
        #expect(changed["spec"]?["list"] == [["name": "n", "kind": "k", "v": 2], two])
        let removed = try apply(["list": []], by: "a", to: changed, force: true)
        #expect(removed["spec"]?["list"] == [two])
    }

    @Test func `entries of a set belong to whoever wants them, each by itself`() throws {
        let one = try apply(["tags": ["x", "y"]], by: "a", to: nil)
        #expect(owners(one)["a"] == ["f:spec": ["f:tags": [#"v:"x""#: .emptyObject, #"v:"y""#: .emptyObject]]])
        // Nobody is in anybody's way, and what is there already isn't there twice.
        let both = try apply(["tags": ["z", "y"]], by: "b", to: one)
        #expect(both["spec"]?["tags"] == ["x", "y", "z"])
        let left = try apply(["tags": ["z"]], by: "b", to: both)
        #expect(left["spec"]?["tags"] == ["x", "y", "z"])
        let gone = try apply(["tags": ["x"]], by: "a", to: left)
        #expect(gone["spec"]?["tags"] == ["x", "z"])
        #expect(owners(gone)["b"] == ["f:spec": ["f:tags": [#"v:"z""#: .emptyObject]]])
        #expect(FieldPaths.text(["f:spec", "f:tags", #"v:"x""#]) == #".spec.tags[="x"]"#)
        // Numbers and objects are entries too.
        let numbers = try apply(["tags": [2]], by: "b", to: try apply(["tags": [1, ["k": 1]]], by: "a", to: nil))
        #expect(numbers["spec"]?["tags"] == [1, ["k": 1], 2])
    }

    @Test func `an entry that somebody else wrote into stays whole`() throws {
        let live = try apply(["list": [["name": "n", "kind": "k"]]], by: "a", to: nil)
        let shared = try apply(["list": [["name": "n", "kind": "k", "v": 1]]], by: "b", to: live)
        let left = try apply([:], by: "a", to: shared)
        #expect(left["spec"]?["list"] == [["name": "n", "kind": "k", "v": 1]])
    }

    @Test func `the first apply to an unowned object keeps its owners apart`() throws {
        let live: JSONValue = ["metadata": ["name": "a"], "spec": ["x": 1]]
        #expect { try apply(["x": 2], by: "a", to: live) } throws: {
            ($0 as? GatewayError)?.message.contains("before-first-apply") ?? false
        }
    }

    @Test func `a plain write takes the fields it changes`() throws {
        var managed = ManagedFields()
        let writer = { ManagedFields.Writer(manager: $0, apiVersion: "g/v1") }
        let empty: JSONValue = .emptyObject
        let first: JSONValue = ["spec": ["x": 1, "y": 1]]
        let second: JSONValue = ["spec": ["x": 2]]
        managed.recordUpdate(by: writer("a"), from: paths.leaves(empty), to: paths.leaves(first), now: "1")
        managed.recordUpdate(by: writer("b"), from: paths.leaves(first), to: paths.leaves(second), now: "2")
        #expect(managed.entries.map(\.manager) == ["b"])
        #expect(managed.entries.first?.fields == [["f:spec", "f:x"]])
    }

    @Test func `many writers are gathered under one name`() {
        var managed = ManagedFields()
        var old = JSONValue.emptyObject
        for index in 0..<15 {
            var new = old
            new["f\(index)"] = 1
            managed.recordUpdate(
                by: .init(manager: "m\(index)", apiVersion: "g/v1"), from: paths.leaves(old), to: paths.leaves(new),
                now: "2026-01-05T10:00:\(10 + index)Z")
            old = new
        }
        #expect(managed.entries.count == 10)
        #expect(managed.entries.contains { $0.manager == "ancient-changes" })
        #expect(Set(managed.entries.flatMap(\.fields)).count == 15)
    }

    @Test func `fieldsV1 survives reading and writing`() throws {
        let text = #"{"f:a":{".":{},"f:b":{}},"f:l":{"k:{\"n\":\"x\"}":{".":{},"f:n":{}}}}"#
        let json = try JSONValue.parse(text)
        #expect(FieldPaths.write(FieldPaths.read(json)) == json)
    }
}
