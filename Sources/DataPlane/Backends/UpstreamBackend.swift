import Access
import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore

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

    private let pool: UpstreamPool?
    private let side: SideWork

    /// A backend for one event loop.
    ///
    /// - Parameters:
    ///   - pool: the connections to the upstream; nil where none is configured.
    ///   - side: reads large bodies.
    package init(pool: UpstreamPool?, side: SideWork) {
        self.pool = pool
        self.side = side
    }

    /// Checks what the upstream can't: a page of another site that uses a login cookie.
    private func check(_ exchange: Exchange, _ route: ClaimedRoute) throws(GatewayError) -> UpstreamPool {
        guard let pool else {
            throw GatewayError(
                .serviceUnavailable, "\(route.objectName) is served by the upstream, and no --upstream is configured")
        }
        if exchange.request.headers.first(.cookie) != nil, let why = CrossSite.fault(exchange) {
            throw GatewayError(.forbidden, "forbidden: \(why), and a cookie is no proof that its owner wants that")
        }
        return pool
    }

    /// Passes a route with a path of its own on as it came, below the upstream's base path.
    func forward(_ exchange: Exchange, _ route: ClaimedRoute) throws(GatewayError) {
        let pool = try check(exchange, route)
        _ = try ProxyPath(exchange.path, from: 5)
        let target = exchange.request.withTarget { pool.endpoint.target("") + $0 }
        pool.ask(exchange, bounded(UpstreamCall(target: target), route))
    }

    /// Answers a route of a data source or of an app.
    ///
    /// - Parameter queryLimit: the most bytes of a query's body, and the name of the setting.
    func serve(_ exchange: Exchange, _ request: Request, queryLimit: (Int, String)) throws(GatewayError) {
        let route = request.route
        let pool = try check(exchange, route)
        if let uid = request.uid, !Self.mayExist(uid) { throw .notFound("datasources", group: route.group, name: uid) }
        switch route.type {
        case .query: try query(exchange, request, queryLimit, pool)
        case .health:
            guard exchange.request.method == .get || exchange.request.method == .head else {
                throw .methodNotAllowed(exchange.request.methodText, allow: ["GET", "HEAD"])
            }
            let base = request.uid.map { "/api/datasources/uid/\(Percent.encode($0))" }
            var call = call(request, base ?? "/api/plugins/\(Percent.encode(route.pluginID))", "/health")
            call.method = .get
            call.body = ByteBuffer()
            call.replaced += Self.conditional
            call.answer = UpstreamHealth(exchange, request, side).answer
            pool.ask(exchange, call)
        case .resource:
            let base = request.uid.map { "/api/datasources/uid/\(Percent.encode($0))" }
            let path = base ?? "/api/plugins/\(Percent.encode(route.pluginID))"
            pool.ask(exchange, try passing(exchange, request, "\(path)/resources"))
        case .dataSourceProxy:
            let base = request.uid.map { "/api/datasources/proxy/uid/\(Percent.encode($0))" }
            pool.ask(
                exchange,
                try passing(exchange, request, base ?? "/api/plugin-proxy/\(Percent.encode(route.pluginID))"))
        case .stream, .route, .metrics, .admission, .conversion: throw Self.lacks(route)
        }
    }

    /// Answers a route of the plugin itself.
    func servePlugin(_ exchange: Exchange, _ route: ClaimedRoute) throws(GatewayError) {
        guard route.type == .metrics, !route.pluginID.isEmpty else { throw Self.lacks(route) }
        let pool = try check(exchange, route)
        guard exchange.request.method == .get || exchange.request.method == .head else {
            throw .methodNotAllowed(exchange.request.methodText, allow: ["GET", "HEAD"])
        }
        pool.ask(
            exchange,
            bounded(
                UpstreamCall(target: pool.endpoint.target("/metrics/plugins/\(Percent.encode(route.pluginID))")), route)
        )
    }

    private func query(
        _ exchange: Exchange, _ request: Request, _ limit: (Int, String), _ pool: UpstreamPool
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
                    query(exchange, request, result, pool)
                }
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    private func query(
        _ exchange: Exchange, _ request: Request, _ body: Result<ByteBuffer, GatewayError>, _ pool: UpstreamPool
    ) {
        switch body {
        case .success(let body):
            var call = call(request, "/api/ds/query", "")
            call.replaced += UpstreamQuery.replaced
            call.fields.add(UpstreamQuery.fields)
            call.body = body
            call.answer = UpstreamQuery(exchange, request, side).answer
            pool.ask(exchange, call)
        case .failure(let error): exchange.respond(error)
        }
    }

    /// A call whose request and answer pass as they are.
    private func passing(
        _ exchange: Exchange, _ request: Request, _ base: String
    ) throws(GatewayError) -> UpstreamCall {
        try ProxyChecks.check(exchange)
        let path = try ProxyPath(exchange.path, from: request.rest)
        var call = call(request, base, "")
        if !path.raw.isEmpty { call.target += [UInt8(ascii: "/")] + path.raw }
        exchange.request.withQuery { query in
            if !query.isEmpty { call.target += [UInt8(ascii: "?")] + query }
        }
        return call
    }

    private func call(_ request: Request, _ base: String, _ rest: String) -> UpstreamCall {
        let path = base + rest
        var call = UpstreamCall(target: pool?.endpoint.target(path) ?? Array(path.utf8))
        // The organisation is the namespace's, whatever the user's current one is.
        call.fields.add("X-Grafana-Org-Id", "\(request.orgID)")
        call.replaced = [Array("x-grafana-org-id".utf8)]
        return bounded(call, request.route)
    }

    /// The limits that the object itself states.
    private func bounded(_ call: UpstreamCall, _ route: ClaimedRoute) -> UpstreamCall {
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
