import Access
import DataPlaneAPI
import HTTPKit
import NIOCore
import Origins
import PluginBridge

/// What the data source proxies of all event loops have in common.
package struct DataSourceProxySettings: Sendable {
    /// Looks names up, reads certificates and signs, and knows which addresses may be dialled.
    package var dialer: Dialer
    /// How many connections an event loop may have to one data source.
    package var bounds: PoolBounds
    /// For the TCP connection, and for the TLS handshake after it, milliseconds.
    package var connectMS: Int
    /// The access tokens of routes in plugin.json.
    package var tokens: AccessTokenStore

    /// Settings.
    package init(
        dialer: Dialer, bounds: PoolBounds = PoolBounds(), connectMS: Int = 10_000,
        tokens: AccessTokenStore = AccessTokenStore()
    ) {
        self.tokens = tokens
        self.dialer = dialer
        self.bounds = bounds
        self.connectMS = connectMS
    }
}

/// Passes requests on to data sources by Grafana's rules; one for each event loop.
package final class DataSourceProxy {
    private struct Key: Hashable {
        let source: String
        let route: Int?
        let limits: ServiceLimits
    }

    private struct Prepared {
        let target: ProxyTarget
        let pool: OriginPool
    }

    let settings: DataSourceProxySettings
    let loop: any EventLoop
    /// What is kept belongs to these data sources and these plugin files.
    private(set) var generation: Int?
    private var grafana = GrafanaProxySettings()
    /// Tokens by target; what has ended is asked for anew.
    var tokens: [ObjectIdentifier: AccessToken] = [:]
    private var sources: [String: ProxySource] = [:]
    private var targets: [Key: Result<Prepared, GatewayError>] = [:]
    private let pools: OriginPools

    /// A proxy for one event loop.
    package init(settings: DataSourceProxySettings, loop: any EventLoop) {
        self.settings = settings
        self.loop = loop
        pools = OriginPools(loop: loop, dialer: settings.dialer, bounds: settings.bounds)
    }

    /// Forgets what belongs to data sources that were replaced; connections that are still of use stay.
    func use(generation: Int, grafana: GrafanaProxySettings) {
        guard self.generation != generation else { return }
        self.generation = generation
        self.grafana = grafana
        tokens = [:]
        sources = [:]
        targets = [:]
        pools.startGeneration()
    }

    /// The source under a key, made when it is asked for first.
    private func known(_ key: String, _ make: () -> ProxySource) -> ProxySource {
        if let known = sources[key] { return known }
        let made = make()
        sources[key] = made
        return made
    }

    /// Passes an exchange on.
    ///
    /// - Parameters:
    ///   - rest: the first segment of the path that goes on.
    ///   - userAgent: the product that requests name, in Grafana's form.
    func forward(
        _ exchange: Exchange, to source: ProxySource, limits: ServiceLimits, rest: Int, userAgent: String
    ) throws(GatewayError) {
        let request = exchange.request
        try ForwardingChecks.check(exchange)
        let path = try ProxyPath(exchange.path, from: rest)
        let route = try source.route(path, method: request.methodText, role: (exchange.user ?? .anonymous).role)
        let prepared = try prepare(source, route: route, limits: limits, userAgent: userAgent)
        let (target, pool) = (prepared.target, prepared.pool)
        let bytes = try request.withQuery { query in
            Result { () throws(GatewayError) in try target.target(path, query: query) }
        }.get()
        var outgoing = OutgoingRequest(target.rules, target: bytes)
        outgoing.authorization = Self.authorization(request, source, target)
        outgoing.cookie = target.fixesCookie ? nil : Self.cookie(request, source)
        if grafana.sendsUser, let user = Self.user(exchange) { outgoing.fields.add("X-Grafana-User", user) }
        guard let token = target.token, !target.fixesAuthorization, Self.passed(request, source) == nil else {
            return pool.forward(exchange, outgoing)
        }
        withToken(token, of: target, exchange) { authorization in
            outgoing.authorization = authorization
            pool.forward(exchange, outgoing)
        }
    }

    private func prepare(
        _ source: ProxySource, route: Int?, limits: ServiceLimits, userAgent: String
    ) throws(GatewayError) -> Prepared {
        let key = Key(source: source.key, route: route, limits: limits)
        if let known = targets[key] { return try known.get() }
        let product = userAgent.prefix { $0 != " " }
        let made = Result { () throws(GatewayError) in
            let target = try ProxyTarget(
                source, route: route.map { source.routes[$0] }, limits: limits, userAgent: String(product),
                grafana: grafana)
            return Prepared(target: target, pool: pools.pool(target.origin, connectMS: settings.connectMS))
        }
        targets[key] = made
        return try made.get()
    }

    /// The credential that goes along: the user's own where the data source passes it on, else what the client sends
    /// for the data source, else the data source's.
    private static func authorization(
        _ request: RequestHead, _ source: ProxySource, _ target: ProxyTarget
    ) -> [UInt8]? {
        if target.fixesAuthorization { return nil }
        if let own = passed(request, source) { return own }
        let headers = request.headers
        let given = headers.fields.first { field in
            field.known == .other && headers.withName(field) { $0.equalsIgnoringCase("x-ds-authorization") }
        }
        return given.map { headers.withValue($0) { Array($0) } } ?? target.authorization
    }

    /// The user's own credential, where the data source passes it on.
    private static func passed(_ request: RequestHead, _ source: ProxySource) -> [UInt8]? {
        guard source.forwarding.passesAuthorization else { return nil }
        return request.headers.first(.authorization).map { request.headers.withValue($0) { Array($0) } }
    }

    /// The name of whoever signed in; nil for nobody.
    private static func user(_ exchange: Exchange) -> String? {
        guard let name = exchange.user?.name, name != User.firstRun.name, name != User.anonymous.name else {
            return nil
        }
        return name
    }

    private static func cookie(_ request: RequestHead, _ source: ProxySource) -> [UInt8]? {
        let headers = request.headers
        var kept: [UInt8] = []
        for field in headers.fields where field.known == .cookie {
            guard let part = headers.withValue(field, source.forwarding.cookies) else { continue }
            if !kept.isEmpty { kept += Array("; ".utf8) }
            kept += part
        }
        return kept.isEmpty ? nil : kept
    }

}

extension DataSourceProxy {
    /// A data source, made ready once for as long as it stays as it is.
    func source(_ source: DataSource, pluginID: String, manifest: PluginManifest?) -> ProxySource {
        known(ProxySource.key(source, pluginID: pluginID)) {
            ProxySource(source, pluginID: pluginID, manifest: manifest)
        }
    }

    /// An app, made ready once for as long as it stays as it is.
    func source(app: AppPlugin?, orgID: Int, pluginID: String, manifest: PluginManifest?) -> ProxySource {
        known(ProxySource.key(appOf: orgID, pluginID: pluginID)) {
            ProxySource(app: app, orgID: orgID, pluginID: pluginID, manifest: manifest)
        }
    }
}
