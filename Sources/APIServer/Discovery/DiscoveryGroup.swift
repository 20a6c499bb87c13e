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

/// A group as discovery shows it.
struct DiscoveryGroup: Sendable {
    let name: String
    let versions: [String]
    let isOwn: Bool
    let definitions: [any ResourceDefinition]

    /// The resources of a version.
    func resources(_ version: String) -> [DiscoveryResource] {
        if isOwn {
            return definitions.filter { $0.version == version }.map { definition in
                let status = DiscoveryResource.Subresource(
                    name: "status", kind: definition.kind, verbs: ["get", "patch", "update"])
                return DiscoveryResource(
                    plural: definition.plural, singular: definition.singular, kind: definition.kind,
                    isNamespaced: definition.isNamespaced, verbs: definition.verbs, shortNames: definition.shortNames,
                    categories: definition.categories, subresources: definition.hasStatus ? [status] : [], group: name,
                    version: version)
            }
        }
        // What a DataPlaneService can offer below a data source; the routes themselves are the data plane's.
        let parts: [DiscoveryResource.Subresource] = [
            .init(name: "query", kind: "QueryDataResponse", verbs: ["create"]),
            .init(
                name: "resources", kind: "ResourceCallResponse", verbs: ["create", "delete", "get", "patch", "update"]),
            .init(name: "health", kind: "HealthCheckResult", verbs: ["get"]),
            .init(name: "proxy", kind: "ResourceCallResponse", verbs: ["create", "delete", "get", "patch", "update"]),
            .init(name: "stream", kind: "ResourceCallResponse", verbs: ["get"]),
        ]
        return [("datasources", "datasource"), ("connections", "connection")].map { plural, singular in
            DiscoveryResource(
                plural: plural, singular: singular, kind: "DataSource", isNamespaced: true, verbs: [],
                subresources: parts, group: name, version: version)
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
