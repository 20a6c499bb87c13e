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
