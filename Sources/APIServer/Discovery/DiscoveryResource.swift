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
