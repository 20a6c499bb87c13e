import DataPlaneAPI

/// Who answers the requests of a route.
package enum RouteBackend: Sendable {
    /// The plugin; `fallback` lets the upstream answer for data sources that only it knows.
    case plugin(fallback: Bool)
    /// An HTTP server.
    case http(HTTPBackend)
    /// The upstream's own API.
    case upstream

    /// What the object says; nil for what validation doesn't let pass.
    init?(_ service: DataPlaneService) {
        let backend = service.spec.backend
        switch backend.kind {
        case .plugin: self = .plugin(fallback: backend.fallsBackToUpstream)
        case .upstream: self = .upstream
        case .http:
            guard let made = HTTPBackend(service.metadata.name, backend) else { return nil }
            self = .http(made)
        case nil: return nil
        }
    }

    /// Whether a plugin answers.
    var isPlugin: Bool { if case .plugin = self { true } else { false } }

    /// What answers, in a few words.
    package var text: String {
        switch self {
        case .plugin(let fallback): fallback ? "plugin, then upstream" : "plugin"
        case .http(let backend): "http \(backend.url)"
        case .upstream: "upstream"
        }
    }
}
