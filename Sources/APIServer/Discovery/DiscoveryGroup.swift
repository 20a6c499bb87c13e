import Bytes
import DataPlaneAPI

/// A resource as discovery shows it.
struct DiscoveryResource: Sendable {
    struct Subresource: Sendable {
        var name: String
        var kind: String
        var verbs: [String]
    }

    var plural: String
    var singular: String
    var kind: String
    var isNamespaced: Bool
    /// Empty for a resource of which only subresources are served.
    var verbs: [String]
    var shortNames: [String] = []
    var categories: [String] = []
    var subresources: [Subresource]
    var group: String
    var version: String

    /// The entries of an `APIResourceList`.
    var legacy: [JSONValue] {
        var entries: [JSONValue] = []
        if !verbs.isEmpty {
            var entry: JSONValue = [
                "name": .string(plural), "singularName": .string(singular), "namespaced": .bool(isNamespaced),
                "kind": .string(kind), "verbs": .array(verbs.map { .string($0) }),
            ]
            if !shortNames.isEmpty { entry["shortNames"] = .array(shortNames.map { .string($0) }) }
            if !categories.isEmpty { entry["categories"] = .array(categories.map { .string($0) }) }
            entries.append(entry)
        }
        return entries
            + subresources.map { subresource in
                [
                    "name": .string("\(plural)/\(subresource.name)"), "singularName": "",
                    "namespaced": .bool(isNamespaced), "kind": .string(subresource.kind),
                    "verbs": .array(subresource.verbs.map { .string($0) }),
                ]
            }
    }

    /// The entry of aggregated discovery.
    var aggregated: JSONValue {
        var entry: JSONValue = [
            "resource": .string(plural), "responseKind": verbs.isEmpty ? .emptyObject : responseKind(kind),
            "scope": isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(singular),
            "verbs": .array(verbs.map { .string($0) }),
        ]
        if !shortNames.isEmpty { entry["shortNames"] = .array(shortNames.map { .string($0) }) }
        if !categories.isEmpty { entry["categories"] = .array(categories.map { .string($0) }) }
        if !subresources.isEmpty {
            entry["subresources"] = .array(
                subresources.map { subresource in
                    [
                        "subresource": .string(subresource.name), "responseKind": responseKind(subresource.kind),
                        "verbs": .array(subresource.verbs.map { .string($0) }),
                    ]
                })
        }
        return entry
    }

    private func responseKind(_ kind: String) -> JSONValue {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }
}

extension DiscoveryResource.Subresource {
    /// What a service adds below a data source or an app; nil for services that have a path of their own.
    init?(_ type: ServiceType) {
        let every = ["create", "delete", "get", "patch", "update"]
        switch type {
        case .query: self.init(name: "query", kind: "QueryDataResponse", verbs: ["create"])
        case .resource: self.init(name: "resources", kind: "ResourceCallResponse", verbs: every)
        case .health: self.init(name: "health", kind: "HealthCheckResult", verbs: ["get"])
        case .dataSourceProxy: self.init(name: "proxy", kind: "ResourceCallResponse", verbs: every)
        case .stream: self.init(name: "stream", kind: "ResourceCallResponse", verbs: ["create", "get"])
        case .route, .metrics, .admission, .conversion: return nil
        }
    }
}

/// A group as discovery shows it.
struct DiscoveryGroup: Sendable {
    let name: String
    let versions: [String]
    /// Nil for a group of our own.
    private let claim: ClaimedGroup?
    private let definitions: [ResourceDefinition]

    /// A group of our own types.
    init(own name: String, versions: [String], definitions: [ResourceDefinition]) {
        (self.name, self.versions, self.definitions, claim) = (name, versions, definitions, nil)
    }

    /// A group that objects claim.
    init(_ claim: ClaimedGroup) {
        (name, versions, definitions, self.claim) = (claim.name, claim.versions.map(\.name), [], claim)
    }

    /// Whether the types are our own.
    var isOwn: Bool { claim == nil }

    /// The resources of a version.
    func resources(_ version: String) -> [DiscoveryResource] {
        if let claim { return claim.versions.first { $0.name == version }.map(claimed) ?? [] }
        return definitions.filter { $0.version == version }.map { definition in
            let status = DiscoveryResource.Subresource(
                name: "status", kind: definition.kind, verbs: ["get", "patch", "update"])
            return DiscoveryResource(
                plural: definition.plural, singular: definition.singular, kind: definition.kind,
                isNamespaced: definition.isNamespaced, verbs: definition.verbs, shortNames: definition.names.short,
                categories: definition.names.categories, subresources: definition.hasStatus ? [status] : [],
                group: name,
                version: version)
        }
    }

    /// What the objects of a version offer; the routes themselves are the data plane's.
    private func claimed(_ version: ClaimedGroup.Version) -> [DiscoveryResource] {
        let places = [
            ("datasources", "datasource", "DataSource", version.sources),
            ("connections", "connection", "DataSource", version.sources), ("app", "app", "App", version.app),
        ]
        return places.compactMap { plural, singular, kind, types in
            let parts = types.compactMap(DiscoveryResource.Subresource.init)
            guard !parts.isEmpty else { return nil }
            return DiscoveryResource(
                plural: plural, singular: singular, kind: kind, isNamespaced: true, verbs: [], subresources: parts,
                group: name, version: version.name)
        }
    }

    /// The group of an `APIGroupList`.
    var legacy: JSONValue {
        let entries = versions.map { version -> JSONValue in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        var group: JSONValue = ["name": .string(name), "versions": .array(entries)]
        group["preferredVersion"] = entries.first
        return group
    }

    /// The item of aggregated discovery.
    var aggregated: JSONValue {
        [
            "metadata": ["name": .string(name), "creationTimestamp": .null],
            "versions": .array(
                versions.map { version in
                    [
                        "version": .string(version), "resources": .array(resources(version).map(\.aggregated)),
                        "freshness": "Current",
                    ]
                }),
        ]
    }
}
