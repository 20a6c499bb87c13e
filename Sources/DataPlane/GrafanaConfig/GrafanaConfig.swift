import DataPlaneAPI
import PluginBridge
import PluginProtocol
import SystemKit

/// What plugins are told of the Grafana they believe to run in.
package struct GrafanaConfig: Sendable {
    /// `grafanaConfig` of every plugin context; the same map for the same settings.
    package let pluginContext: [String: String]
    /// Environment variables of plugin processes: what all get, and the sections `[plugin.<id>]` of single ones.
    package let variables: PluginVariables
    /// Headers that this Grafana may take a user from (`[auth.proxy]`), whether it is enabled or not.
    package let authProxyHeaders: [String]
    /// What holds for the data source proxy.
    package let proxy: GrafanaProxySettings
    /// Whether the file's part of those headers is known: it could be read now or before.
    package let knowsAuthProxy: Bool
    /// What is wrong, with file, line and key; never with a value.
    package let faults: [GatewayError]
    /// Files that values refer to, as they were when they were read; nil for one that wasn't there.
    package let referencedFiles: [String: FileFacts?]

    /// Reads a grafana.ini and the environment's `GF_<SECTION>_<KEY>`.
    ///
    /// - Parameters:
    ///   - file: the path; empty for none: then defaults and environment count.
    ///   - previous: what was read before; it counts on while the file can't be read, as between the two steps of
    ///     its replacement.
    package static func load(
        _ file: String, environment: [String: String], previous: GrafanaConfig? = nil
    ) -> GrafanaConfig {
        let settings = GrafanaSettings(file: file, environment: environment)
        if settings.isUnreadable, let previous {
            return GrafanaConfig(
                pluginContext: previous.pluginContext, variables: previous.variables,
                authProxyHeaders: previous.authProxyHeaders, proxy: previous.proxy,
                knowsAuthProxy: previous.knowsAuthProxy, faults: settings.faults,
                referencedFiles: previous.referencedFiles)
        }
        let map = context(settings)
        let isKnown = ["header_name", "headers"].allSatisfy { settings.isKnown("auth.proxy", $0) }
        return GrafanaConfig(
            pluginContext: map, variables: variables(settings, environment, map),
            authProxyHeaders: authProxyHeaders(settings), proxy: GrafanaProxySettings(settings),
            knowsAuthProxy: isKnown || previous?.knowsAuthProxy == true, faults: settings.faults,
            referencedFiles: settings.referencedFiles)
    }

    // MARK: - The map

    private static func context(_ settings: GrafanaSettings) -> [String: String] {
        var map = [
            "GF_APP_URL": appURL(settings),
            "GF_CONCURRENT_QUERY_COUNT": settings.number("datasources", "concurrent_query_count", default: 10),
            "GF_USER_FACING_DEFAULT_ERROR": settings.text("log", "user_facing_default_error")
                ?? "please inspect Grafana server log for details",
            "GF_SQL_ROW_LIMIT": settings.number("dataproxy", "row_limit", default: 1_000_000),
            "GF_SQL_MAX_OPEN_CONNS_DEFAULT": settings.number("sql_datasources", "max_open_conns_default", default: 100),
            "GF_SQL_MAX_IDLE_CONNS_DEFAULT": settings.number("sql_datasources", "max_idle_conns_default", default: 100),
            "GF_SQL_MAX_CONN_LIFETIME_SECONDS_DEFAULT":
                settings.number("sql_datasources", "max_conn_lifetime_default", default: 14_400),
            "GF_RESPONSE_LIMIT": settings.number("dataproxy", "response_limit", default: 0),
        ]
        let toggles = featureToggles(settings)
        if !toggles.isEmpty { map["GF_INSTANCE_FEATURE_TOGGLES_ENABLE"] = toggles.joined(separator: ",") }
        if settings.text("live", "client_queue_max_size") != nil {
            map["GF_LIVE_CLIENT_QUEUE_MAX_SIZE"] = settings.number("live", "client_queue_max_size", default: 4_194_304)
        }
        map.merge(cloud(settings)) { $1 }
        proxy(settings, &map)
        return map
    }

    /// The public address, always with a slash at its end.
    private static func appURL(_ settings: GrafanaSettings) -> String {
        var url = settings.text("server", "root_url") ?? ""
        if url.isEmpty {
            let part = { (key: String) in
                settings.text("server", key).flatMap { $0.isEmpty ? nil : $0 } ?? GrafanaSettings.serverDefaults[key]
                    ?? ""
            }
            url = "\(part("protocol"))://\(part("domain")):\(part("http_port"))"
        }
        return url.hasSuffix("/") ? url : "\(url)/"
    }

    /// The toggles that are on, sorted: those of the list `enable` and single ones that are true.
    private static func featureToggles(_ settings: GrafanaSettings) -> [String] {
        let section = "feature_toggles"
        let list = settings.text(section, "enable") ?? ""
        var names = Set(list.split { $0 == "," || $0.isWhitespace }.map(String.init))
        for key in settings.keys(section) where key != "enable" {
            guard let text = settings.text(section, key) else { continue }
            // A toggle that holds a value and no boolean is none of ours.
            if let isOn = GrafanaSettings.boolean(text) {
                if isOn { names.insert(key) } else { names.remove(key) }
            }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// `[aws]`, as the SDK of the plugins for AWS names it.
    private static let cloudKeys = [
        "allowed_auth_providers": "AWS_AUTH_AllowedAuthProviders",
        "assume_role_enabled": "AWS_AUTH_AssumeRoleEnabled",
        "external_id": "AWS_AUTH_EXTERNAL_ID",
        "session_duration": "AWS_AUTH_SESSION_DURATION",
        "list_metrics_page_limit": "AWS_CW_LIST_METRICS_PAGE_LIMIT",
    ]

    private static func cloud(_ settings: GrafanaSettings) -> [String: String] {
        var map: [String: String] = [:]
        for (key, name) in cloudKeys {
            if let text = settings.text("aws", key), !text.isEmpty { map[name] = text }
        }
        return map
    }

    private static func proxy(_ settings: GrafanaSettings, _ map: inout [String: String]) {
        let section = "secure_socks_datasource_proxy"
        guard settings.bool(section, "enabled") else { return }
        let prefix = "GF_SECURE_SOCKS_DATASOURCE_PROXY"
        map["\(prefix)_SERVER_ENABLED"] = "true"
        map["\(prefix)_ALLOW_INSECURE"] = settings.bool(section, "allow_insecure") ? "true" : "false"
        for key in ["client_cert", "client_key", "root_ca_cert", "proxy_address", "server_name"] {
            if let text = settings.text(section, key), !text.isEmpty { map["\(prefix)_\(key.uppercased())"] = text }
        }
    }

    // MARK: - Identity

    private static func authProxyHeaders(_ settings: GrafanaSettings) -> [String] {
        let section = "auth.proxy"
        // Pairs such as `Name:X-WEBAUTH-NAME`, between blanks or commas, or as a JSON list of texts.
        let pairs = settings.texts(section, "headers").flatMap { text in
            text.split { $0.isWhitespace || ",[]\"".contains($0) }
        }
        let synced = pairs.compactMap { $0.split(separator: ":", maxSplits: 1).last.map(String.init) }
        return settings.texts(section, "header_name").filter { !$0.isEmpty } + synced
    }

    // MARK: - Variables

    /// Keys of a plugin's section that are the host's own, in any case.
    private static let hostKeys: Set<String> = ["PATH", "ID"]

    private static func variables(
        _ settings: GrafanaSettings, _ environment: [String: String], _ context: [String: String]
    ) -> PluginVariables {
        var all = PluginVariables()
        // What Grafana gives its own processes, too; plugins read one or the other.
        let shared = ["GF_INSTANCE_FEATURE_TOGGLES_ENABLE", "GF_SECURE_SOCKS_DATASOURCE_PROXY_"]
        all.common = context.filter { entry in shared.contains { entry.key.hasPrefix($0) } }
        for section in settings.sectionNames where section.hasPrefix("plugin.") {
            var variables: [String: String] = [:]
            for key in settings.keys(section) where !hostKeys.contains(key.uppercased()) {
                let name = "GF_PLUGIN_\(key.uppercased())"
                // The host of this file may have been told to find the plugin here; ours is the one that is found.
                guard PluginEnvironment.mayHave(name) else { continue }
                if let value = environment[name] ?? settings.text(section, key) { variables[name] = value }
            }
            if !variables.isEmpty { all.single[String(section.dropFirst("plugin.".count))] = variables }
        }
        forwardCloud(settings, to: &all)
        return all
    }

    /// The settings for AWS go to all plugins, or to those of `forward_settings_to_plugins` where that is given.
    private static func forwardCloud(_ settings: GrafanaSettings, to all: inout PluginVariables) {
        let variables = cloud(settings)
        let list = settings.text("aws", "forward_settings_to_plugins") ?? ""
        let ids = list.split { $0 == "," || $0.isWhitespace }.map(String.init)
        guard !ids.isEmpty else { return all.common.merge(variables) { $1 } }
        for id in ids { all.single[id] = variables.merging(all.single[id] ?? [:]) { $1 } }
    }
}
