import PluginBridge

/// The data sources of one moment.
package final class DataSourceTable: Sendable {
    private struct Key: Hashable {
        let orgID: Int
        let uid: String
    }

    private let sources: [Key: DataSource]
    /// The settings of app plugins.
    package let apps: [AppPlugin]
    /// What plugins are told of the host; part of every plugin context.
    package let grafanaConfig: [String: String]
    /// What grafana.ini says about the data source proxy.
    package let proxySettings: GrafanaProxySettings
    /// The environment variables of plugin processes.
    package let variables: PluginVariables

    /// A table; of several sources with the same uid in an organisation the first counts.
    package init(
        _ sources: [DataSource] = [], apps: [AppPlugin] = [], grafanaConfig: [String: String] = [:],
        proxySettings: GrafanaProxySettings = GrafanaProxySettings(), variables: PluginVariables = PluginVariables()
    ) {
        self.variables = variables
        self.proxySettings = proxySettings
        self.sources = Dictionary(sources.map { (Key(orgID: $0.orgID, uid: $0.uid), $0) }) { first, _ in first }
        self.apps = apps
        self.grafanaConfig = grafanaConfig
    }

    /// All of them, in no order.
    package var all: [DataSource] { Array(sources.values) }

    /// The data source of an organisation.
    package func find(orgID: Int, uid: String) -> DataSource? { sources[Key(orgID: orgID, uid: uid)] }

    /// The settings of an app plugin in an organisation.
    package func app(orgID: Int, pluginID: String) -> AppPlugin? {
        apps.first { $0.orgID == orgID && $0.pluginID == pluginID }
    }

    /// Whether both hold the very same data sources, apps and configuration.
    func isSame(as other: DataSourceTable) -> Bool {
        grafanaConfig == other.grafanaConfig && proxySettings == other.proxySettings && apps == other.apps
            && variables == other.variables
            && sources.count == other.sources.count
            && sources.allSatisfy { other.sources[$0.key] === $0.value }
    }
}
