import Access
import Bytes
import DataPlaneAPI
import HTTPKit
import PluginBridge
import PluginProtocol

/// What is proxied to: a data source or an app plugin, with all that decides how.
struct ProxySource: Sendable {
    /// Tells the sources of one table apart.
    let key: String
    /// What messages call it.
    let name: String
    /// The plugin ids whose rules hold for it.
    let types: [String]
    /// URL, users and secrets; an app has no URL.
    let settings: DataSourceInstanceSettings
    /// Which of the client's credentials pass.
    let forwarding: HeaderForwarding
    /// Whether only paths that a route of plugin.json names are served.
    let needsRoute: Bool
    /// The routes of plugin.json.
    let routes: [PluginRoute]
    /// jsonData, read once.
    let json: JSONValue

    init(_ source: DataSource, pluginID: String, manifest: PluginManifest?) {
        key = Self.key(source, pluginID: pluginID)
        name = "the data source \"\(source.settings.uid)\""
        types = [source.type, pluginID]
        settings = source.settings
        forwarding = source.forwarding
        needsRoute = false
        routes = (manifest?.routes ?? []).map(PluginRoute.init)
        json = Self.object(source.settings.jsonData)
    }

    init(app: AppPlugin?, orgID: Int, pluginID: String, manifest: PluginManifest?) {
        key = Self.key(appOf: orgID, pluginID: pluginID)
        name = "the app \"\(pluginID)\""
        types = [pluginID]
        var settings = DataSourceInstanceSettings()
        settings.jsonData = app?.settings.jsonData ?? settings.jsonData
        settings.secureJSONData = app?.settings.secureJSONData ?? [:]
        self.settings = settings
        forwarding = HeaderForwarding()
        needsRoute = true
        routes = (manifest?.routes ?? []).map(PluginRoute.init)
        json = Self.object(settings.jsonData)
    }

    /// The key of a data source, as the plugin of a route sees it.
    static func key(_ source: DataSource, pluginID: String) -> String {
        "source/\(pluginID)/\(source.orgID)/\(source.settings.uid)"
    }

    /// The key of an app in an organisation.
    static func key(appOf orgID: Int, pluginID: String) -> String { "app/\(pluginID)/\(orgID)" }

    private static func object(_ bytes: [UInt8]) -> JSONValue {
        guard let json = try? JSONValue.parse(bytes), json.asObject != nil else { return .emptyObject }
        return json
    }

    var template: ProxyTemplate {
        ProxyTemplate(.init(jsonData: json, secureJSONData: settings.secureJSONData, url: settings.url))
    }

    /// The route of plugin.json that a request takes; nil when it takes none and needs none.
    ///
    /// - Throws: 403 for what Grafana's proxy refuses, 404 where a route is needed.
    func route(_ path: ProxyPath, method: String, role: OrgRole) throws(GatewayError) -> Int? {
        if types.contains("elasticsearch") {
            switch method {
            case "DELETE": throw Self.denied("deletes not allowed on proxied Elasticsearch datasource")
            case "PUT": throw Self.denied("puts not allowed on proxied Elasticsearch datasource")
            case "POST" where !path.plain.elementsEqual("_msearch".utf8):
                throw Self.denied("posts not allowed on proxied Elasticsearch datasource except on /_msearch")
            default: break
            }
        }
        let found =
            needsRoute
            ? try appRoute(path, method) : routes.firstIndex { $0.matches(path.plain, method: method) }
        if let index = found {
            let route = routes[index]
            if let least = route.role, role < least { throw Self.denied("plugin proxy route access denied") }
            if let unsupported = route.unsupported {
                throw GatewayError(
                    .notImplemented,
                    "the route \"\(route.path)\" of the plugin's plugin.json uses \(unsupported), which is not supported"
                )
            }
            return index
        }
        guard !needsRoute else {
            throw GatewayError(.notFound, "plugin route match not found: no route of \(name) is for this path")
        }
        if types.contains("prometheus"), ["DELETE", "PUT", "POST"].contains(method) {
            throw Self.denied("non allow-listed \(method)s not allowed on proxied Prometheus datasource")
        }
        return nil
    }

    /// The first route of an app that a path matches.
    ///
    /// - Throws: 400 where an encoded slash, read as a slash by the server behind, would lead to another route: its role
    ///   would be got around, or its secrets go astray.
    private func appRoute(_ path: ProxyPath, _ method: String) throws(GatewayError) -> Int? {
        let found = routes.firstIndex { $0.matches(app: path.segments, method: method) }
        let slash = UInt8(ascii: "/")
        if path.segments.contains(where: { $0.contains(slash) }) {
            let split = path.plain.split(separator: slash)
            let other = routes.firstIndex { $0.matches(app: split, method: method) }
            if let other, other != found {
                throw GatewayError(
                    .badRequest,
                    "the path has an encoded slash (%2F) and is for another route of \(name) without it; send a plain "
                        + "slash")
            }
        }
        if let found, routes[found].pattern.hasExpression {
            throw GatewayError(
                .notImplemented,
                "the path \"\(routes[found].path)\" of a route in the plugin's plugin.json has a regular expression or an "
                    + "optional part, which is not supported; literals, :name and * are")
        }
        return found
    }

    /// Refuses data sources whose requests Grafana signs in ways that aren't known here: an unsigned request would fail
    /// with a riddle, or be answered where it shouldn't.
    ///
    /// - Parameter hasToken: whether the route brings a credential of its own.
    func refuseForeignSigning(hasToken: Bool) throws(GatewayError) {
        let signing: String? =
            if json["sigV4Auth"]?.asBool == true {
                "sigV4Auth (AWS Signature Version 4)"
            } else if json["azureAuth"]?.asBool == true {
                "azureAuth"
            } else if !hasToken, json["azureCredentials"]?.asObject?.isEmpty == false {
                "azureCredentials"
            } else { nil }
        guard let signing else { return }
        throw GatewayError(
            .notImplemented,
            "\(name) has jsonData.\(signing), which the data source proxy does not support; the services query, resource and "
                + "health of its plugin sign by themselves", source: .gateway)
    }

    private static func denied(_ why: String) -> GatewayError { GatewayError(.forbidden, why) }
}
