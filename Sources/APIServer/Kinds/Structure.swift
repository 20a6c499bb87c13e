import Bytes
import DataPlaneAPI

/// The structural schema of a kind, walked over for everything that has to be known of its fields.
///
/// Types, unknown fields, defaults, lists with keys: no kind has code of its own for that.
package struct Structure: Sendable {
    /// The schemas of the members beside `apiVersion`, `kind` and `metadata`, as OpenAPI shows them.
    package let properties: JSONValue
    /// Lists whose entries are told apart by keys, each path (`spec.services`) with its keys.
    ///
    /// Other lists are one whole.
    let listKeys: [String: [String]]
    /// Lists whose entries are their own keys.
    let sets: Set<String>
    private let root: StructureNode

    /// A structure.
    ///
    /// - Parameter properties: the schemas of `spec`, `status` and whatever else the kind has.
    package init(properties: JSONValue = .emptyObject) {
        self.properties = properties
        root = StructureNode(["type": "object", "properties": properties])
        var (keys, sets) = ([String: [String]](), Set<String>())
        root.lists("", keys: &keys, sets: &sets)
        (listKeys, self.sets) = (keys, sets)
    }

    /// How fields are told apart for those who own them, those of `metadata` too.
    var paths: FieldPaths {
        FieldPaths(
            listKeys: listKeys.merging(["metadata.ownerReferences": ["uid"]]) { own, _ in own },
            sets: sets.union(["metadata.finalizers"]))
    }

    /// What is wrong with an object beyond the types of its fields: entries that a set has twice.
    func faults(of object: JSONValue) -> [StatusCause] {
        var found: [StatusCause] = []
        root.repeated(object, "", &found)
        return found
    }

    private static let common = ["apiVersion", "kind", "metadata"]

    /// The object without fields that aren't part of the kind; `metadata` stays as it is.
    ///
    /// - Throws: 400 that names a field of a wrong type, also in `metadata`.
    package func settled(_ object: JSONValue) throws(GatewayError) -> JSONValue {
        root.filledAround(try pruned(object), Self.common)
    }

    /// The same, without defaults: what somebody wants, and nothing that they didn't write.
    package func pruned(_ object: JSONValue) throws(GatewayError) -> JSONValue {
        guard let members = object.asObject else { throw GatewayError(.badRequest, "the body must be a JSON object") }
        _ = try ObjectMeta(object["metadata"] ?? .emptyObject)
        try root.checkTypes(object, "")
        var kept = JSONObject()
        for name in Self.common { kept[name] = members[name] }
        for member in root.pruned(object).asObject ?? [:] { kept[member.key] = member.value }
        return .object(kept)
    }

    /// The paths of fields that aren't part of the kind: `spec.bogus`.
    package func unknownFields(in object: JSONValue) -> [String] {
        var found: [String] = []
        for member in object["metadata"]?.asObject ?? [:] where !ObjectMetadata.isField(member.key) {
            found.append("metadata.\(member.key)")
        }
        var rest = object
        for name in Self.common { rest[name] = nil }
        root.unknownFields(rest, "", &found)
        return found
    }
}

extension StructureNode {
    /// The object with defaults in all members but these.
    fileprivate func filledAround(_ object: JSONValue, _ names: [String]) -> JSONValue {
        var inner = object
        for name in names { inner[name] = nil }
        var result = object
        for member in filled(inner).asObject ?? [:] { result[member.key] = member.value }
        return result
    }
}
