import DataPlaneAPI
import HTTPKit
import PluginBridge

/// Routes that no plugin answers.
extension DataPlaneHandler {
    /// Whether the upstream answers: the object says so, or says it for data sources that only the upstream knows.
    func isUpstreams(_ route: ClaimedRoute, _ match: RouteTable.Match) -> Bool {
        switch route.backend {
        case .upstream: return true
        case .http, .plugin(fallback: false): return false
        case .plugin(fallback: true):
            guard case .source(_, let namespace, let uid, _) = match, let orgID = try? Namespace.orgID(namespace)
            else { return false }
            switch route.type {
            case .query, .health, .resource, .dataSourceProxy:
                return state.sources.find(orgID: orgID, uid: uid) == nil
            case .stream, .route, .metrics, .admission, .conversion: return false
            }
        }
    }

    /// Lets the upstream answer; it also decides who may, so the gateway's own gate isn't asked.
    func askUpstream(_ exchange: Exchange, _ route: ClaimedRoute, _ match: RouteTable.Match) {
        guard enter(exchange, route) else { return }
        do throws(GatewayError) {
            switch match {
            case .source(_, let namespace, let uid, let rest):
                let accepted = route.pluginID.isEmpty ? [] : acceptedTypes(route)
                try serve(
                    exchange,
                    UpstreamBackend.Request(
                        route: route, orgID: try Namespace.orgID(namespace), uid: uid, rest: rest,
                        acceptedTypes: accepted))
            case .app(_, let namespace, let rest):
                try serve(
                    exchange,
                    UpstreamBackend.Request(route: route, orgID: try Namespace.orgID(namespace), rest: rest))
            case .plugin: try upstream.servePlugin(exchange, route)
            case .route: try upstream.forward(exchange, route)
            case .none: return
            }
        } catch {
            exchange.respond(error)
        }
    }

    private func serve(_ exchange: Exchange, _ request: UpstreamBackend.Request) throws(GatewayError) {
        let bridges = bridges.bridges(request.route.limits)
        try upstream.serve(exchange, request, queryLimit: (bridges.requestLimit, bridges.requestSetting))
    }

    /// Passes a route on to an HTTP server; other services are not to be had there.
    func forward(
        _ exchange: Exchange, _ route: ClaimedRoute, _ match: RouteTable.Match, to backend: HTTPBackend
    ) throws(GatewayError) {
        guard case .route = match else {
            throw HTTPBackend.lacks(route, isMutation: exchange.path.segment(4, equals: RouteTable.mutate))
        }
        httpBackends.use(generation: state.backendsGeneration)
        try httpBackends.forward(exchange, route, to: backend)
    }

    /// The types of data sources that a route's plugin answers for.
    func acceptedTypes(_ route: ClaimedRoute) -> [String] {
        [route.pluginID] + (state.manifests[route.pluginID]?.aliasIDs ?? [])
    }
}
