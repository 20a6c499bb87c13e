/// What a DataPlaneService offers: one word per pluginv2 service.
package enum ServiceType: String, Sendable, Hashable, CaseIterable {
    case query, stream, resource, route, health, metrics, admission, conversion
    case dataSourceProxy = "datasource-proxy"

    /// Reads a word, also the two that were used before: `data` and the misspelt `datsource-proxy`.
    package init?(_ word: String) {
        switch word {
        case "data": self = .query
        case "datsource-proxy": self = .dataSourceProxy
        default:
            guard let type = ServiceType(rawValue: word) else { return nil }
            self = type
        }
    }
}

/// One entry of `spec.services`, keyed by all of its parts.
package struct ServiceEntry: Sendable, Hashable {
    /// The word for the type; a known one is in its present spelling.
    package var type: String
    /// The HTTP method of a route; empty means any.
    package var method: String
    /// The path pattern of a route.
    package var path: String

    /// Creates an entry; old spellings of the type become the present one.
    package init(type: String, method: String = "", path: String = "") {
        self.type = ServiceType(type)?.rawValue ?? type
        self.method = method
        self.path = path
    }

    /// The type, if it is a known one.
    package var serviceType: ServiceType? { ServiceType(type) }
}

/// Where the requests of a DataPlaneService go.
package struct ServiceBackend: Sendable, Hashable {
    /// The kinds of backend.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case plugin, http, upstream
    }

    /// The word for the kind.
    package var type: String
    /// The URL of an http backend.
    package var baseURL: String

    /// Creates a backend.
    package init(type: String = Kind.plugin.rawValue, baseURL: String = "") {
        self.type = type
        self.baseURL = baseURL
    }

    /// The kind, if it is a known one.
    package var kind: Kind? { Kind(rawValue: type) }
}
