import Access
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginBridge
import PluginProtocol

/// The first handler of the chain: answers claimed routes through their plugins, hands everything else on.
package final class DataPlaneHandler: ExchangeHandler {
    let state: LoopState
    let bridges: LoopBridges
    let streams: StreamBridge?
    let proxy: DataSourceProxy
    let httpBackends: HTTPBackendProxy
    let upstream: UpstreamBackend
    let userAgent: String
    private let gate: any Gate
    private let next: any ExchangeHandler

    /// A handler for one event loop.
    ///
    /// - Parameters:
    ///   - streams: the loop's streams.
    ///   - proxy: the loop's way to data sources.
    ///   - httpBackends: the loop's way to the HTTP servers that objects name.
    ///   - upstream: the loop's way to the upstream's own API.
    ///   - userAgent: what plugins see as their host.
    ///   - next: the delegate.
    package init(
        state: LoopState, bridges: LoopBridges, streams: StreamBridge?, proxy: DataSourceProxy,
        httpBackends: HTTPBackendProxy, upstream: UpstreamBackend,
        gate: any Gate, userAgent: String, next: any ExchangeHandler
    ) {
        self.state = state
        self.bridges = bridges
        self.streams = streams
        self.proxy = proxy
        self.httpBackends = httpBackends
        self.upstream = upstream
        self.gate = gate
        self.userAgent = userAgent
        self.next = next
        state.userAgent = userAgent
    }

    /// Answers the exchange or hands it on.
    package func handle(_ exchange: Exchange) {
        guard exchange.request.withPath({ $0.starts(with: "/apis/".utf8) }) else { return next.handle(exchange) }
        let match = exchange.request.withMethod { state.routes.match(exchange.path, method: $0) }
        guard let route = match.route else { return next.handle(exchange) }
        exchange.handledBy = route.prepared.handler
        exchange.objectName = route.objectName
        exchange.accessState.countsConnectionsAsDataSources = true
        if isUpstreams(route, match) { return askUpstream(exchange, route, match) }
        // A preflight has no credentials, and refusals are for the page to read too.
        if route.type == .stream, route.backend.isPlugin, streams?.admitPage(exchange) == true { return }
        switch gate.verdict(exchange, .request(exchange)) {
        case .allowed: serve(exchange, route, match)
        case .refused(let error): exchange.respond(error)
        case nil:
            gate.ask(exchange, .request(exchange)) { [self] verdict in
                switch verdict {
                case .allowed: serve(exchange, route, match)
                case .refused(let error): exchange.respond(error)
                }
            }
        }
    }

    /// Serves a request that may be served, by the route that it matched when it came.
    private func serve(_ exchange: Exchange, _ route: ClaimedRoute, _ match: RouteTable.Match) {
        guard enter(exchange, route) else { return }
        do throws(GatewayError) {
            if case .http(let backend) = route.backend { return try forward(exchange, route, match, to: backend) }
            switch match {
            case .source(_, let namespace, let uid, let rest):
                try serve(exchange, route, try source(route, namespace: namespace, uid: uid), rest: rest)
            case .app(_, let namespace, let rest):
                try serve(exchange, route, try app(route, namespace: namespace), rest: rest)
            case .plugin: try servePlugin(exchange, route)
            case .route(_, let namespace): try serveRoute(exchange, route, namespace: namespace)
            case .none: next.handle(exchange)
            }
        } catch {
            exchange.respond(error)
        }
    }

    /// Counts the exchange among those under way, where the object or the service limits them.
    func enter(_ exchange: Exchange, _ route: ClaimedRoute) -> Bool {
        for gate in [route.objectGate, route.serviceGate].compactMap({ $0 }) {
            guard gate.enter() else {
                exchange.respond(
                    GatewayError(
                        .tooManyRequests,
                        "\(gate.limit) requests of \(route.objectName) are under way already, the limit is \(gate.limit) "
                            + "(limits.maxConcurrentRequests of the DataPlaneService)", retryAfterSeconds: 1))
                return false
            }
            exchange.whenFinished { gate.leave() }
        }
        return true
    }

    /// The running plugin of a route.
    func instance(_ route: ClaimedRoute) throws(GatewayError) -> PluginInstance {
        switch state.plugins.state(route.pluginID) {
        case .ready(let ready): return ready
        case .down(let down): throw down.error
        }
    }

    /// The 405 for any other method than these.
    func allow(_ methods: [HTTPMethod], _ exchange: Exchange) throws(GatewayError) {
        guard !methods.contains(exchange.request.method) else { return }
        throw .methodNotAllowed(
            exchange.request.methodText, allow: methods.map { "\($0)".uppercased() })
    }
}

extension RouteTable.Match {
    /// The claimed route.
    var route: ClaimedRoute? {
        switch self {
        case .source(let route, _, _, _), .app(let route, _, _), .plugin(let route), .route(let route, _): route
        case .none: nil
        }
    }
}

extension ServiceType {
    /// What logs and metrics call the service's handler.
    var handlerName: HandlerName {
        switch self {
        case .query: .query
        case .stream: .stream
        case .resource: .resource
        case .route: .route
        case .health: .health
        case .metrics: .metrics
        case .admission: .admission
        case .conversion: .conversion
        case .dataSourceProxy: .proxy
        }
    }
}

extension HandlerName {
    fileprivate static let query = register("query")
    fileprivate static let stream = register("stream")
    fileprivate static let resource = register("resource")
    fileprivate static let route = register("route")
    fileprivate static let health = register("health")
    fileprivate static let metrics = register("metrics")
    fileprivate static let admission = register("admission")
    fileprivate static let conversion = register("conversion")
    fileprivate static let proxy = register("proxy")
}
