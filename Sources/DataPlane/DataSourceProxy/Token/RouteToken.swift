import Bytes
import DataPlaneAPI
import Origins

/// How a route of plugin.json gets the access token that its requests carry.
struct RouteToken: Sendable {
    /// `tokenAuth`: OAuth's client credentials, or whatever `params` say.
    let form: Block?
    /// `jwtTokenAuth`: an assertion that is signed with a service account's key.
    let assertion: Block?
    /// `authType`; empty to go by the blocks.
    let type: String

    /// `tokenAuth` or `jwtTokenAuth`.
    struct Block: Sendable {
        /// The template of the token endpoint's URL.
        let url: String
        /// What the token is to be good for.
        let scopes: [String]
        /// Templates by parameter, sorted by name.
        let params: [PluginRoute.Pair]

        init?(_ json: JSONValue?) {
            guard let json, let object = json.asObject, !object.isEmpty else { return nil }
            url = json["url"]?.asString ?? ""
            scopes = json["scopes"]?.asArray?.compactMap(\.asString) ?? []
            let given = json["params"]?.asObject.map { Array($0) } ?? []
            params = given.compactMap { member in
                member.value.asString.map { PluginRoute.Pair(name: member.key, content: $0) }
            }.sorted { $0.name < $1.name }
        }
    }

    /// Reads a route; nil when it wants no token.
    init?(_ route: JSONValue) {
        form = Block(route["tokenAuth"])
        assertion = Block(route["jwtTokenAuth"])
        type = route["authType"]?.asString ?? ""
        if form == nil, assertion == nil, type.isEmpty { return nil }
    }

    /// What is asked for a data source, by Grafana's rules.
    ///
    /// - Throws: 501 for an authentication type that isn't known, 400 for settings that can't be used.
    func request(
        _ source: ProxySource, route: PluginRoute, timeout: Int
    ) throws(GatewayError) -> AccessTokenRequest {
        // A data source may choose among the types, where the plugin offers a choice.
        var type = type
        if form == nil, let chosen = source.json["authenticationType"]?.asString, !chosen.isEmpty { type = chosen }
        let template = source.template
        switch (type, form, assertion) {
        case ("", let block?, _):
            let url = try Self.url(try template.text(block.url), "tokenAuth.url", route)
            var body: [UInt8] = []
            for pair in block.params {
                if !body.isEmpty { body.append(UInt8(ascii: "&")) }
                body += Percent.encode(pair.name.utf8) + [UInt8(ascii: "=")]
                body += Percent.encode(try template.text(pair.content).utf8)
            }
            return AccessTokenRequest(
                owner: "\(source.key) \(route.path)", name: source.name, url: url, timeout: timeout, grant: .form(body))
        case ("", nil, let block?), ("jwt", _, let block?):
            var given: [String: String] = [:]
            for pair in block.params { given[pair.name] = try template.text(pair.content) }
            var audience = given["token_uri"] ?? ""
            if audience.isEmpty { audience = try template.text(block.url) }
            let assertion = SignedAssertion(
                issuer: given["client_email"] ?? "", audience: audience, scopes: block.scopes,
                key: given["private_key"] ?? "")
            return AccessTokenRequest(
                owner: "\(source.key) \(route.path)", name: source.name,
                url: try Self.url(audience, "jwtTokenAuth.params.token_uri", route), timeout: timeout,
                grant: .assertion(assertion))
        case ("jwt", _, nil), ("", nil, nil):
            throw Self.fault("asks for a token, but has no jwtTokenAuth", route, .badRequest)
        default:
            throw Self.fault(
                "uses the authentication type \"\(type)\", which is not supported; \"jwt\" and tokenAuth are", route,
                .notImplemented)
        }
    }

    private static func url(
        _ text: String, _ field: String, _ route: PluginRoute
    ) throws(GatewayError) -> DataSourceURL {
        do throws(GatewayError) { return try DataSourceURL(text) } catch {
            throw fault("has a \(field) that can't be used: \(error.message)", route, .badRequest)
        }
    }

    private static func fault(_ why: String, _ route: PluginRoute, _ code: ErrorCode) -> GatewayError {
        GatewayError(code, "the route \"\(route.path)\" of the plugin's plugin.json \(why)", source: .gateway)
    }
}
