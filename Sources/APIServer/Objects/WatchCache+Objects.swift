import Bytes
import DataPlaneAPI
import Storage

/// What must be true about the stored object for a delete.
package struct Preconditions: Sendable, Hashable {
    /// The uid it must have.
    package var uid: String?
    /// The resourceVersion it must have.
    package var resourceVersion: String?

    /// Creates preconditions.
    package init(uid: String? = nil, resourceVersion: String? = nil) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }

    /// - Throws: 409 `Conflict` that says which of them doesn't hold.
    func check(_ object: StoredObject) throws(GatewayError) {
        let key = object.key
        if let uid, uid != object.uid {
            throw .conflict(
                key.resource.resource, group: key.resource.group, name: key.name,
                why: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.uid)")
        }
        if let resourceVersion, resourceVersion != String(object.version) {
            throw .conflict(
                key.resource.resource, group: key.resource.group, name: key.name,
                why: "Precondition failed: ResourceVersion in precondition: \(resourceVersion), "
                    + "ResourceVersion in object meta: \(object.version)")
        }
    }
}

/// Objects as trees, and what goes wrong in Kubernetes' words.
extension WatchCache {
    /// Stores a new object, with a note that clients don't see.
    ///
    /// - Throws: 409 `AlreadyExists`.
    package func create(
        _ key: ObjectKey, _ body: JSONValue, note: String? = nil
    ) async throws(GatewayError) -> StoredObject {
        let content = Self.content(body, note)
        switch try await commit(key, .absent, content) {
        case .committed(let version):
            return try StoredObject(Record(key: key, version: version, content: content))
        case .conflict:
            throw .alreadyExists(key.resource.resource, group: key.resource.group, name: key.name)
        }
    }

    /// Replaces an object.
    ///
    /// - Parameters:
    ///   - expecting: the version the stored object must have.
    ///   - note: what is kept beside it from now on.
    /// - Throws: 404, or 409 `Conflict` if the object changed meanwhile.
    package func update(
        _ key: ObjectKey, _ body: JSONValue, expecting: Int, note: String?
    ) async throws(GatewayError) -> StoredObject {
        let content = Self.content(body, note)
        switch try await commit(key, .version(expecting), content) {
        case .committed(let version):
            return try StoredObject(Record(key: key, version: version, content: content))
        case .conflict(let present): throw Self.conflict(key, present)
        }
    }

    /// Removes an object; returns its last state with the version of the deletion.
    ///
    /// - Throws: 404, or 409 `Conflict` if a precondition doesn't hold or the object changed meanwhile.
    package func delete(
        _ key: ObjectKey, _ conditions: Preconditions = Preconditions()
    ) async throws(GatewayError) -> StoredObject {
        guard let old = find(key) else { throw Self.conflict(key, nil) }
        try conditions.check(old)
        switch try await commit(key, .version(old.version), nil) {
        case .committed(let version): return old.numbered(version)
        case .conflict(let present): throw Self.conflict(key, present)
        }
    }

    private static func content(_ body: JSONValue, _ note: String?) -> RecordContent {
        var body = body
        if body["metadata"]?.asObject == nil { body["metadata"] = .emptyObject }
        body["metadata"]?["resourceVersion"] = nil
        return RecordContent(bytes: body.bytes(), note: note)
    }

    private static func conflict(_ key: ObjectKey, _ present: Record?) -> GatewayError {
        present == nil
            ? .notFound(key.resource.resource, group: key.resource.group, name: key.name)
            : .conflict(key.resource.resource, group: key.resource.group, name: key.name)
    }
}
