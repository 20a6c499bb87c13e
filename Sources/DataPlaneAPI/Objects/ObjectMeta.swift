import Bytes

/// The metadata of an object: the fields the gateway works with, and all others as they were written.
package struct ObjectMeta: Sendable, Hashable {
    /// The metadata as JSON; every field that isn't named here lives on in it.
    package private(set) var json: JSONValue

    /// Creates metadata with a name.
    package init(name: String) { json = ["name": .string(name)] }

    /// Reads metadata; a known field of the wrong type is a 400 that names it.
    package init(_ json: JSONValue, path: String = "metadata") throws(GatewayError) {
        guard json.asObject != nil else {
            throw .badField(.wrongType(path, expected: "an object", found: json.typeName))
        }
        for key in ["name", "generateName", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            _ = try json.string(key, in: path)
        }
        _ = try json.string("deletionTimestamp", in: path)
        _ = try json.int("generation", in: path)
        for key in ["labels", "annotations"] {
            for member in try json.object(key, in: path) ?? [:] where member.value.asString == nil {
                throw .badField(
                    .wrongType("\(path).\(key)[\(member.key)]", expected: "a string", found: member.value.typeName))
            }
        }
        for key in ["finalizers", "ownerReferences", "managedFields"] { _ = try json.array(key, in: path) }
        self.json = json
    }

    /// The name.
    package var name: String {
        get { text("name") }
        set { json["name"] = .string(newValue) }
    }
    /// What a generated name begins with.
    package var generateName: String { text("generateName") }
    /// The namespace; empty for cluster-wide objects.
    package var namespace: String { text("namespace") }
    /// The uid the server gave it.
    package var uid: String {
        get { text("uid") }
        set { json["uid"] = .string(newValue) }
    }
    /// The version in the store, opaque to clients.
    package var resourceVersion: String {
        get { text("resourceVersion") }
        set { json["resourceVersion"] = newValue.isEmpty ? nil : .string(newValue) }
    }
    /// When it was created, RFC 3339 in UTC.
    package var creationTimestamp: String {
        get { text("creationTimestamp") }
        set { json["creationTimestamp"] = .string(newValue) }
    }
    /// When its deletion was asked for; empty if it wasn't.
    package var deletionTimestamp: String { text("deletionTimestamp") }
    /// Counts the changes of what is wanted.
    package var generation: Int {
        get { json["generation"]?.asInt ?? 0 }
        set { json["generation"] = .int(newValue) }
    }
    /// What has to happen before it is gone.
    package var finalizers: [String] { (json["finalizers"]?.asArray ?? []).compactMap(\.asString) }
    /// A label's value.
    package func label(_ key: String) -> String? { json["labels"]?[key]?.asString }
    /// An annotation's value.
    package func annotation(_ key: String) -> String? { json["annotations"]?[key]?.asString }

    private func text(_ key: String) -> String { json[key]?.asString ?? "" }
}
