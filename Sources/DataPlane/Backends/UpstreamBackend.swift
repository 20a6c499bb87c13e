import Access
import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import Origins

/// Asks the upstream's own API for what a route offers, with the caller's credentials, and answers in the same shape as
/// a plugin would; one for each event loop.
///
/// For data sources that exist only in Grafana's database: their secrets can't be had, so only Grafana can ask them. The
/// upstream also decides who may.
package final class UpstreamBackend {
    /// The object, the organisation and what the path names.
    struct Request: Sendable {
        let route: ClaimedRoute
        let orgID: Int
        /// The data source; nil for an app.
        var uid: String?
        /// The first segment behind the service's own.
        var rest: Int
        /// The types that queries may name; empty for any.
        var acceptedTypes: [String] = []
    }

    /// What would have Grafana answer with less than a whole and readable body.
    private static let conditional = [
        "accept-encoding", "expect", "range", "if-range", "if-match", "if-none-match", "if-modified-since",
        "if-unmodified-since",
    ].map { Array($0.utf8) }

    /// The upstream, where one is configured.
    private struct Upstream {
        let pool: OriginPool
        let rules: ForwardingRules

        func ask(_ exchange: Exchange, _ outgoing: OutgoingRequest) { pool.forward(exchange, outgoing) }

        /// A request for a path of its own API.
        func request(_ path: String) -> OutgoingRequest { OutgoingRequest(rules, target: pool.origin.target(path)) }
    }

    private let upstream: Upstream?
    private let side: SideWork

    /// A backend for one event loop.
    ///
    /// - Parameters:
    ///   - pool: the connections to the upstream; nil where none is configured.
    ///   - rules: those of the upstream.
    ///   - side: reads large bodies.
    package init(pool: OriginPool?, rules: ForwardingRules?, side: SideWork) {
        upstream = pool.flatMap { pool in rules.map { Upstream(pool: pool, rules: $0) } }
        self.side = side
    }

    /// Checks what the upstream can't: a page of another site that uses a login cookie.
    private func check(_ exchange: Exchange, _ route: ClaimedRoute) throws(GatewayError) -> Upstream {
        guard let upstream else {
            throw GatewayError(
                .serviceUnavailable, "\(route.objectName) is served by the upstream, and no --upstream is configured")
        }
        if exchange.request.headers.first(.cookie) != nil, let why = CrossSite.fault(exchange) {
            throw GatewayError(.forbidden, "forbidden: \(why), and a cookie is no proof that its owner wants that")
        }
        return upstream
    }

    /// Passes a route with a path of its own on as it came, below the upstream's base path.
    func forward(_ exchange: Exchange, _ route: ClaimedRoute) throws(GatewayError) {
        let upstream = try check(exchange, route)
        _ = try ProxyPath(exchange.path, from: 5)
        var outgoing = upstream.request("")
        outgoing.target = exchange.request.withTarget { upstream.pool.origin.target("") + $0 }
        upstream.ask(exchange, bounded(outgoing, route))
    }

    /// Answers a route of a data source or of an app.
    ///
    /// - Parameter queryLimit: the most bytes of a query's body, and the name of the setting.
    func serve(_ exchange: Exchange, _ request: Request, queryLimit: (Int, String)) throws(GatewayError) {
        let route = request.route
        let upstream = try check(exchange, route)
        if let uid = request.uid, !Self.mayExist(uid) { throw .notFound("datasources", group: route.group, name: uid) }
        switch route.type {
        case .query: try query(exchange, request, queryLimit, upstream)
        case .health:
            guard exchange.request.method == .get || exchange.request.method == .head else {
                throw .methodNotAllowed(exchange.request.methodText, allow: ["GET", "HEAD"])
            }
            let base = request.uid.map { "/api/datasources/uid/\(Percent.encode($0))" }
            let own = base ?? "/api/plugins/\(Percent.encode(route.pluginID))"
            var call = outgoing(request, upstream, own + "/health")
            call.method = .get
            call.body = ByteBuffer()
            call.replaced += Self.conditional
            call.answer = UpstreamHealth(exchange, request, side).answer
            upstream.ask(exchange, call)
        case .resource:
            let base = request.uid.map { "/api/datasources/uid/\(Percent.encode($0))" }
            let path = base ?? "/api/plugins/\(Percent.encode(route.pluginID))"
            upstream.ask(exchange, try passing(exchange, request, upstream, "\(path)/resources"))
        case .dataSourceProxy:
            let base = request.uid.map { "/api/datasources/proxy/uid/\(Percent.encode($0))" }
            let own = base ?? "/api/plugin-proxy/\(Percent.encode(route.pluginID))"
            upstream.ask(exchange, try passing(exchange, request, upstream, own))
        case .stream, .route, .metrics, .admission, .conversion: throw Self.lacks(route)
        }
    }

    /// Answers a route of the plugin itself.
    func servePlugin(_ exchange: Exchange, _ route: ClaimedRoute) throws(GatewayError) {
        guard route.type == .metrics, !route.pluginID.isEmpty else { throw Self.lacks(route) }
        let upstream = try check(exchange, route)
        guard exchange.request.method == .get || exchange.request.method == .head else {
            throw .methodNotAllowed(exchange.request.methodText, allow: ["GET", "HEAD"])
        }
        upstream.ask(
            exchange, bounded(upstream.request("/metrics/plugins/\(Percent.encode(route.pluginID))"), route))
    }

    private func query(
        _ exchange: Exchange, _ request: Request, _ limit: (Int, String), _ upstream: Upstream
    ) throws(GatewayError) {
        guard exchange.request.method == .post else {
            throw .methodNotAllowed(exchange.request.methodText, allow: ["POST"])
        }
        exchange.collectBody(limit: limit.0, setting: limit.1) { [self] result in
            switch result {
            case .success(let body):
                exchange.work(on: body.count, "the body with the queries", by: side) { () throws(GatewayError) in
                    try UpstreamQuery.body(body, request)
                } _: { [self] result in
                    query(exchange, request, result, upstream)
                }
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    private func query(
        _ exchange: Exchange, _ request: Request, _ body: Result<ByteBuffer, GatewayError>, _ upstream: Upstream
    ) {
        switch body {
        case .success(let body):
            var call = outgoing(request, upstream, "/api/ds/query")
            call.replaced += UpstreamQuery.replaced
            call.fields.add(UpstreamQuery.fields)
            call.body = body
            call.answer = UpstreamQuery(exchange, request, side).answer
            upstream.ask(exchange, call)
        case .failure(let error): exchange.respond(error)
        }
    }

    /// A call whose request and answer pass as they are.
    private func passing(
        _ exchange: Exchange, _ request: Request, _ upstream: Upstream, _ base: String
    ) throws(GatewayError) -> OutgoingRequest {
        try ForwardingChecks.check(exchange)
        let path = try ProxyPath(exchange.path, from: request.rest)
        var target = upstream.pool.origin.target(base)
        if !path.raw.isEmpty { target += [UInt8(ascii: "/")] + path.raw }
        exchange.request.withQuery { query in
            if !query.isEmpty { target += [UInt8(ascii: "?")] + query }
        }
        var call = outgoing(request, upstream, base)
        call.target = target
        return call
    }

    private func outgoing(_ request: Request, _ upstream: Upstream, _ path: String) -> OutgoingRequest {
        var call = upstream.request(path)
        // The organisation is the namespace's, whatever the user's current one is.
        call.fields.add("X-Grafana-Org-Id", "\(request.orgID)")
        call.replaced = [Array("x-grafana-org-id".utf8)]
        return bounded(call, request.route)
    }

    /// The limits that the object itself states.
    private func bounded(_ call: OutgoingRequest, _ route: ClaimedRoute) -> OutgoingRequest {
        var call = call
        call.requestLimit = route.given.maxRequestBytes
        call.responseLimit = route.given.maxResponseBytes
        call.responseSeconds = route.given.timeoutSeconds
        return call
    }

    static func lacks(_ route: ClaimedRoute) -> GatewayError {
        GatewayError(
            .notImplemented,
            "the upstream backend has no \(route.type.rawValue): it serves query, health, resource, datasource-proxy, "
                + "route and a named plugin's metrics", source: .backend)
    }

    /// Whether Grafana may have a data source of this uid: what a server on the way could take for a path is none.
    private static func mayExist(_ uid: String) -> Bool {
        uid != "." && uid != ".." && uid.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x2F && $0 != 0x5C }
    }
}
