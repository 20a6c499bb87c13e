import DataPlaneAPI

@testable import Storage

/// Records for tests.
enum Samples {
    static let kind = ResourceID(group: "shop.example.org", resource: "lamps")
    static let otherKind = ResourceID(group: "shop.example.org", resource: "chairs")

    static func key(_ name: String, in namespace: String = "", _ kind: ResourceID = kind) -> ObjectKey {
        ObjectKey(kind, namespace: namespace, name: name)
    }

    static func content(_ name: String, _ value: Int = 0, labels: String = "{}", note: String? = nil) -> RecordContent {
        let metadata = #"{"name":"\#(name)","uid":"u-\#(name)","labels":\#(labels)}"#
        let text = #"{"kind":"Lamp","metadata":\#(metadata),"v":\#(value)}"#
        return RecordContent(bytes: Array(text.utf8), note: note)
    }

    static func object(_ name: String, in namespace: String = "", version: Int = 1) throws -> StoredObject {
        try StoredObject(Record(key: key(name, in: namespace), version: version, content: content(name)))
    }
}

extension ObjectStorage {
    /// Creates, and expects that to be possible.
    func make(_ name: String, _ value: Int = 0) async throws -> Int {
        guard
            case .committed(let version) = try await commit(
                Samples.key(name), .absent, Samples.content(name, value))
        else { throw GatewayError(.conflict, "\(name) exists") }
        return version
    }
}
