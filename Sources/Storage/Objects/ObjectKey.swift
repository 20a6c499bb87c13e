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
