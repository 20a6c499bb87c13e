import DataPlaneAPI

/// One kind of object in the store: its group and its plural.
package struct ResourceID: Sendable, Hashable {
    /// The API group.
    package let group: String
    /// The plural, as in paths.
    package let resource: String

    /// Creates an id.
    package init(group: String, resource: String) {
        self.group = group
        self.resource = resource
    }

    /// The id of DataPlaneServices.
    package static let dataPlaneServices = ResourceID(
        group: DataPlaneService.group, resource: DataPlaneService.resource)
}

/// Where one object lies in the store.
package struct ObjectKey: Sendable, Hashable {
    /// What kind of object it is.
    package let resource: ResourceID
    /// Its namespace; empty for cluster-wide objects.
    package let namespace: String
    /// Its name.
    package let name: String

    /// Creates a key.
    package init(_ resource: ResourceID, namespace: String = "", name: String) {
        self.resource = resource
        self.namespace = namespace
        self.name = name
    }
}

/// An object as it was committed.
package struct StoredObject: Sendable {
    /// Where it lies.
    package let key: ObjectKey
    /// The version of the store that this state was committed with.
    package let version: Int
    /// The manifest file it comes from; nil when it was made by hand.
    package let manifest: String?
    /// The object, with `metadata.resourceVersion` set.
    package let body: JSONValue

    /// The uid.
    package var uid: String { body["metadata"]?["uid"]?.asString ?? "" }
}

/// One committed change.
package struct StoreEvent: Sendable {
    /// What happened.
    package enum Kind: Int, Sendable {
        case added = 0
        case modified = 1
        case deleted = 2
    }

    /// What happened.
    package let kind: Kind
    /// The state after the change; of a deleted object the last one, with the version of the deletion.
    package let object: StoredObject
    /// The state before the change; nil for a new object.
    package let previous: JSONValue?
}

/// What a watch delivers.
package enum StoreSignal: Sendable {
    /// Something was committed.
    case change(StoreEvent)
    /// Everything up to this version was delivered.
    case bookmark(Int)
}

/// A page of objects.
package struct StorePage: Sendable {
    /// The objects, by namespace and name.
    package var items: [StoredObject]
    /// The version of the store that the page shows.
    package var version: Int
    /// Whether there is more after the last item.
    package var hasMore: Bool
    /// How many objects are left after this page.
    package var remaining: Int
}

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
}
