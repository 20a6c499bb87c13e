import Bytes
import DataPlaneAPI

/// The rules for `metadata` that hold for every type.
enum ObjectMetadata {
    private static let known: Set<String> = [
        "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
        "managedFields",
    ]
    /// What only the server and the request's path decide.
    static let fixed = [
        "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields",
    ]

    /// Whether clients may write a field of `metadata`; one of them is old and dropped.
    static func isField(_ name: String) -> Bool { known.contains(name) || name == "selfLink" }

    private static let annotationsLimit = 262_144

    /// The object without unknown fields and empty parts of `metadata`.
    static func cleaned(_ object: JSONValue) -> JSONValue {
        guard let metadata = object["metadata"]?.asObject else { return object }
        var kept = JSONObject()
        for member in metadata where known.contains(member.key) && !member.value.isNull {
            if case .object(let inner) = member.value, inner.isEmpty { continue }
            if case .array(let inner) = member.value, inner.isEmpty, member.key != "managedFields" { continue }
            kept[member.key] = member.value
        }
        var object = object
        object["metadata"] = .object(kept)
        return object
    }

    /// Takes fields over from the stored object, or removes them where it has none.
    static func restore(_ fields: [String], in object: inout JSONValue, from old: JSONValue) {
        for field in fields { object["metadata"]?[field] = old["metadata"]?[field] }
    }

    /// What is wrong with labels, annotations, finalizers and owners.
    static func validate(_ object: JSONValue) -> [StatusCause] {
        let metadata = object["metadata"] ?? .emptyObject
        var causes: [StatusCause] = []
        for member in metadata["labels"]?.asObject ?? [:] {
            if let why = LabelRules.faultOfKey(member.key) {
                causes.append(.invalid("metadata.labels", string: member.key, why))
            }
            let value = member.value.asString ?? ""
            if !LabelRules.isValue(value) {
                causes.append(.invalid("metadata.labels", string: value, LabelRules.valueRule))
            }
        }
        var size = 0
        for member in metadata["annotations"]?.asObject ?? [:] {
            if let why = LabelRules.faultOfKey(member.key.lowercased()) {
                causes.append(.invalid("metadata.annotations", string: member.key, why))
            }
            size += member.key.utf8.count + (member.value.asString?.utf8.count ?? 0)
        }
        if size > annotationsLimit { causes.append(.tooLong("metadata.annotations", limit: annotationsLimit)) }
        for (index, finalizer) in (metadata["finalizers"]?.asArray ?? []).enumerated() {
            let text = finalizer.asString ?? ""
            if let why = LabelRules.faultOfKey(text) {
                causes.append(.invalid("metadata.finalizers[\(index)]", string: text, why))
            }
        }
        for (index, owner) in (metadata["ownerReferences"]?.asArray ?? []).enumerated() {
            for key in ["apiVersion", "kind", "name", "uid"] where (owner[key]?.asString ?? "").isEmpty {
                causes.append(.required("metadata.ownerReferences[\(index)].\(key)"))
            }
        }
        return causes
    }

    /// Whether two states differ in anything but the resourceVersion and the times of managed fields.
    static func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
        withoutTimes(one).isEquivalent(to: withoutTimes(other))
    }

    private static func withoutTimes(_ object: JSONValue) -> JSONValue {
        var object = object
        object["metadata"]?["resourceVersion"] = nil
        if let entries = object["metadata"]?["managedFields"]?.asArray {
            object["metadata"]?["managedFields"] = .array(
                entries.map { entry in
                    var entry = entry
                    entry["time"] = nil
                    return entry
                })
        }
        return object
    }
}

/// The rules for keys and values of labels.
enum LabelRules {
    static let valueRule =
        "must be 63 bytes of letters, digits, '-', '_' or '.' at most, begin and end with a letter or digit, or be empty"
    private static let keyRule =
        "must be an optional DNS prefix and '/', then 63 bytes of letters, digits, '-', '_' or '.' at most that begin "
        + "and end with a letter or digit"

    /// Why a text can't be a key; nil if it can.
    static func faultOfKey(_ key: String) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, !name.isEmpty, isValue(String(name)) else { return keyRule }
        if parts.count == 2, !Names.isSubdomain(String(parts[0])) { return keyRule }
        return nil
    }

    /// Whether a text can be a value.
    static func isValue(_ value: String) -> Bool {
        guard let first = value.utf8.first, let last = value.utf8.last else { return true }
        return value.utf8.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && value.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x5F, 0x2E].contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
    }
}
