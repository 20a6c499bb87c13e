import Bytes
import DataPlaneAPI

/// One place of a structural schema.
final class StructureNode: Sendable {
    /// What values there may be.
    enum Shape: Sendable {
        /// An object with these fields, and others of one kind.
        case object([String: StructureNode], others: StructureNode?)
        /// A list; nil for entries of any kind.
        case list(StructureNode?)
        case string, boolean, integer, number, any
    }

    let shape: Shape
    /// Whether fields that the schema doesn't name stay.
    let keepsUnknown: Bool
    /// Whether null is a value.
    let isNullable: Bool
    /// What stands for a missing value.
    let fallback: JSONValue?
    /// The keys that tell the entries of a list apart, in order; nil for a list that is one whole.
    let keys: [String]?
    /// Whether a list is a set: its entries are their own keys.
    let isSet: Bool

    init(_ schema: JSONValue) {
        keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"]?.asBool ?? false
        isNullable = schema["nullable"]?.asBool ?? false
        fallback = schema["default"]
        let isMap = schema["x-kubernetes-list-type"] == "map"
        keys = isMap ? (schema["x-kubernetes-list-map-keys"]?.asArray ?? []).compactMap(\.asString).sorted() : nil
        isSet = schema["x-kubernetes-list-type"] == "set"
        guard schema["x-kubernetes-int-or-string"] != true else {
            shape = .any
            return
        }
        switch schema["type"]?.asString {
        case "object":
            var fields: [String: StructureNode] = [:]
            for member in schema["properties"]?.asObject ?? [:] { fields[member.key] = StructureNode(member.value) }
            let others: StructureNode? =
                switch schema["additionalProperties"] {
                case .bool(true): StructureNode(.emptyObject)
                case .some(let inner) where inner.asObject != nil: StructureNode(inner)
                default: nil
                }
            shape = .object(fields, others: others)
        case "array": shape = .list(schema["items"].map(StructureNode.init))
        case "string": shape = .string
        case "boolean": shape = .boolean
        case "integer": shape = .integer
        case "number": shape = .number
        default: shape = .any
        }
    }

    /// - Throws: 400 that names the first value of a wrong type.
    func checkTypes(_ value: JSONValue, _ path: String) throws(GatewayError) {
        guard !value.isNull else { return }
        func expect(_ what: String, _ holds: Bool) throws(GatewayError) {
            guard !holds else { return }
            throw .badField(.wrongType(path, expected: what, found: value.typeName))
        }
        switch shape {
        case .any: return
        case .string: try expect("a string", value.asString != nil)
        case .boolean: try expect("true or false", value.asBool != nil)
        case .integer: try expect("an integer of 64 bits", value.asInt != nil)
        case .number:
            if case .number = value { return }
            try expect("a number", false)
        case .list(let entry):
            try expect("an array", value.asArray != nil)
            guard let entry else { return }
            for (index, item) in (value.asArray ?? []).enumerated() {
                // In a list nothing can be left out.
                guard !item.isNull || entry.isNullable else {
                    throw .badField(.wrongType("\(path)[\(index)]", expected: entry.name, found: item.typeName))
                }
                try entry.checkTypes(item, "\(path)[\(index)]")
            }
        case .object(let fields, let others):
            try expect("an object", value.asObject != nil)
            for member in value.asObject ?? [:] {
                guard let node = fields[member.key] ?? others else { continue }
                try node.checkTypes(member.value, JSONValue.join(path, member.key))
            }
        }
    }

    private var name: String {
        switch shape {
        case .any: "a value"
        case .string: "a string"
        case .boolean: "true or false"
        case .integer: "an integer of 64 bits"
        case .number: "a number"
        case .list: "an array"
        case .object: "an object"
        }
    }

    /// The value without fields that the schema doesn't name, and without nulls that say nothing.
    func pruned(_ value: JSONValue) -> JSONValue {
        switch (shape, value) {
        case (.object(let fields, let others), .object(let object)):
            var kept = JSONObject()
            for member in object {
                if let node = fields[member.key] ?? others {
                    if member.value.isNull, !node.isNullable { continue }
                    kept[member.key] = node.pruned(member.value)
                } else if keepsUnknown {
                    kept[member.key] = member.value
                }
            }
            return .object(kept)
        case (.list(let entry?), .array(let items)): return .array(items.map(entry.pruned))
        default: return value
        }
    }

    /// The value with what stands for missing fields, in objects that are there.
    func filled(_ value: JSONValue) -> JSONValue {
        switch (shape, value) {
        case (.object(let fields, let others), .object(var object)):
            for member in object {
                if let node = fields[member.key] ?? others { object[member.key] = node.filled(member.value) }
            }
            for (name, node) in fields.sorted(by: { $0.key < $1.key }) where !object.contains(name) {
                if let fallback = node.fallback { object[name] = node.filled(fallback) }
            }
            return .object(object)
        case (.list(let entry?), .array(let items)): return .array(items.map(entry.filled))
        default: return value
        }
    }

    /// The paths of fields that the schema doesn't name.
    func unknownFields(_ value: JSONValue, _ path: String, _ found: inout [String]) {
        switch (shape, value) {
        case (.object(let fields, let others), .object(let object)):
            for member in object {
                let place = JSONValue.join(path, member.key)
                if let node = fields[member.key] ?? others {
                    node.unknownFields(member.value, place, &found)
                } else if !keepsUnknown {
                    found.append(place)
                }
            }
        case (.list(let entry?), .array(let items)):
            for (index, item) in items.enumerated() { entry.unknownFields(item, "\(path)[\(index)]", &found) }
        default: return
        }
    }

    /// The lists below that have keys, and those that are sets, by their paths without entries.
    func lists(_ path: String, keys found: inout [String: [String]], sets: inout Set<String>) {
        switch shape {
        case .object(let fields, let others):
            // Below names that are data, a path would mean something else for each of them.
            guard others == nil else { return }
            for (name, node) in fields { node.lists(JSONValue.join(path, name), keys: &found, sets: &sets) }
        case .list(let entry):
            if isSet { sets.insert(path) }
            guard let keys else { return }
            found[path] = keys
            entry?.lists(path, keys: &found, sets: &sets)
        case .string, .boolean, .integer, .number, .any: return
        }
    }

    /// The entries of sets that were there before.
    func repeated(_ value: JSONValue, _ path: String, _ found: inout [StatusCause]) {
        switch (shape, value) {
        case (.object(let fields, let others), .object(let object)):
            for member in object {
                (fields[member.key] ?? others)?.repeated(member.value, JSONValue.join(path, member.key), &found)
            }
        case (.list(let entry), .array(let items)):
            var seen: Set<String> = []
            for (index, item) in items.enumerated() {
                let place = "\(path)[\(index)]"
                if isSet, !seen.insert(FieldPaths.member(item)).inserted {
                    found.append(.duplicate(place, item.asString ?? item.text()))
                }
                entry?.repeated(item, place, &found)
            }
        default: return
        }
    }
}
