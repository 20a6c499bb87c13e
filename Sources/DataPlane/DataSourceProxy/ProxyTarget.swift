import Bytes
import DataPlaneAPI
import HTTPKit
import Origins
import PluginBridge
import PluginProtocol

/// Where the requests of a source, or of one of its routes, go: worked out once and kept.
final class ProxyTarget: Sendable {
    /// The server.
    let origin: Origin
    let rules: ForwardingRules
    /// The route of plugin.json that replaces the URL; its path is cut off.
    let cutRoute: PluginRoute?
    /// The path before the rest of the request's.
    let basePath: [UInt8]
    /// The pattern that says what of an app's path is the rest; nil for data sources.
    private let appPattern: AppRoutePattern?
    /// Whether a slash at the end of an app's path goes on.
    private let keepsSlash: Bool
    /// Parameters that are added to the query, encoded; empty for none.
    let parameters: [UInt8]
    /// The credential of the data source; nil for none.
    let authorization: [UInt8]?
    /// Whether a client's credential can't take its place.
    let fixesAuthorization: Bool
    /// Whether a client's cookies can't pass at all.
    let fixesCookie: Bool

    /// What the access token of its requests is asked with; nil for none.
    let token: AccessTokenRequest?

    /// - Parameters:
    ///   - userAgent: the product that requests name.
    ///   - grafana: what grafana.ini says.
    /// - Throws: `GatewayError` that says what in the data source or plugin.json can't be used.
    init(
        _ source: ProxySource, route: PluginRoute?, limits: ServiceLimits, userAgent: String,
        grafana: GrafanaProxySettings = GrafanaProxySettings()
    ) throws(GatewayError) {
        try source.refuseForeignSigning(hasToken: route?.token != nil)
        let template = source.template
        var target = source.settings.url
        cutRoute = route.flatMap { $0.url.isEmpty ? nil : $0 }
        if let cutRoute { target = try template.text(cutRoute.url) }
        let url = try DataSourceURL(target)
        if cutRoute != nil, !source.settings.url.isEmpty { try grafana.check(try DataSourceURL(source.settings.url)) }
        try grafana.check(url)
        let timeout = Self.timeout(source, limits) ?? grafana.timeout
        var origin = url.origin
        if url.isTLS {
            origin.tls = try TLSClientSettings(jsonData: source.json, secrets: source.settings.secureJSONData)
        }
        self.origin = origin
        token = try route.flatMap { route throws(GatewayError) in
            try route.token?.request(source, route: route, timeout: timeout == 0 ? 30 : min(timeout, 30))
        }
        if let token { try grafana.check(token.url) }
        basePath = Array(url.path.utf8)
        appPattern = source.needsRoute ? route?.pattern : nil
        keepsSlash = grafana.keepsTrailingSlash

        var fields = ProxyFields()
        try fields.set("User-Agent", userAgent)
        for pair in route?.headers ?? [] { try fields.set(pair.name, try template.text(pair.content)) }
        if token != nil { _ = fields.take("authorization") }
        for (name, value) in Self.customHeaders(source) { try fields.set(name, value) }
        let host = fields.take("host") ?? url.hostField

        var parameters: [UInt8] = []
        for pair in route?.urlParams ?? [] {
            if !parameters.isEmpty { parameters.append(UInt8(ascii: "&")) }
            parameters += Percent.encode(pair.name.utf8) + [UInt8(ascii: "=")]
            parameters += Percent.encode(try template.text(pair.content).utf8)
        }
        self.parameters = parameters
        authorization = Self.basicAuthorization(source)
        fixesAuthorization = fields.has("authorization")
        fixesCookie = fields.has("cookie")
        let limit = grafana.answerLimit(limits)
        rules = ForwardingRules(
            name: source.name,
            faults: .dataSource(
                timeoutSetting: "jsonData.timeout of the data source", responseSetting: limit.setting),
            responseSeconds: timeout, host: Array(host.utf8), statesClient: false, fields: fields.block,
            replaced: fields.names,
            drops: { ProxyFields.isGrafanas($0) },
            answerFields: ["Content-Security-Policy": "sandbox", "Via": "1.1 dataplane-gateway"],
            replacedInAnswer: SiteFields.names,
            requestLimit: limits.maxRequestBytes, responseLimit: limit.bytes)
    }

    /// What `httpHeaderName1` and on in jsonData name, with their secrets; the first number that is missing ends it.
    static func customHeaders(_ source: ProxySource) -> [(String, String)] {
        var headers: [(String, String)] = []
        var index = 1
        while let name = source.json["httpHeaderName\(index)"]?.asString, !name.isEmpty {
            if let value = source.settings.secureJSONData["httpHeaderValue\(index)"] { headers.append((name, value)) }
            index += 1
        }
        return headers
    }

    /// Basic authentication of the data source; InfluxDB's users stand elsewhere.
    private static func basicAuthorization(_ source: ProxySource) -> [UInt8]? {
        let settings = source.settings
        let user: String
        let password: String
        if settings.basicAuthEnabled {
            user = settings.basicAuthUser
            password = settings.secureJSONData["basicAuthPassword"] ?? ""
        } else if source.types.contains("influxdb"), !settings.user.isEmpty {
            user = settings.user
            password = settings.secureJSONData["password"] ?? ""
        } else {
            return nil
        }
        return Array("Basic \(Base64.encode("\(user):\(password)".utf8))".utf8)
    }

    private static func timeout(_ source: ProxySource, _ limits: ServiceLimits) -> Int? {
        let own = source.json["timeout"].flatMap { $0.asInt ?? $0.asString.flatMap { Int($0) } }
        if let own, (1...86_400).contains(own) { return own }
        return limits.timeoutSeconds
    }

    /// Path and query of a request.
    func target(_ path: ProxyPath, query: UnsafeRawBufferPointer) throws(GatewayError) -> [UInt8] {
        var target = DataSourceURL.join(basePath, try rest(of: path))
        if query.isEmpty, parameters.isEmpty { return target }
        target.append(UInt8(ascii: "?"))
        target += query
        if !query.isEmpty, !parameters.isEmpty { target.append(UInt8(ascii: "&")) }
        return target + parameters
    }

    /// What of a path comes after the target's own.
    private func rest(of path: ProxyPath) throws(GatewayError) -> ArraySlice<UInt8> {
        guard let appPattern else { return try cutRoute?.rest(of: path.raw) ?? path.raw }
        var rest = appPattern.rest(of: path.rawSegments)
        // Grafana's router drops it, unless it is told otherwise.
        if keepsSlash, !rest.isEmpty, path.hasSlashAtEnd { rest.append(UInt8(ascii: "/")) }
        return rest[...]
    }
}
