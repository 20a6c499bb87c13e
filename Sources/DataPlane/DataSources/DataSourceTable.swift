import PluginBridge
import PluginProtocol

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
    /// When the settings of apps went, by `AppPlugin.key`.
    private let removedApps: [String: Int64]

    /// A table; of several sources with the same uid in an organisation the first counts.
    package init(
        _ sources: [DataSource] = [], apps: [AppPlugin] = [], grafanaConfig: [String: String] = [:],
        proxySettings: GrafanaProxySettings = GrafanaProxySettings(), variables: PluginVariables = PluginVariables(),
        removedApps: [String: Int64] = [:]
    ) {
        self.removedApps = removedApps
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

    /// The settings that an app plugin gets in an organisation: empty ones where nothing is provisioned, as Grafana's.
    func appSettings(orgID: Int, pluginID: String) -> AppInstanceSettings {
        if let app = app(orgID: orgID, pluginID: pluginID) { return app.settings }
        var settings = AppInstanceSettings()
        settings.updatedMS = removedApps[AppPlugin.key(orgID: orgID, pluginID: pluginID)] ?? 0
        return settings
    }

    /// What calls without a data source mean.
    enum Standard {
        case none
        /// The only one, or the default one.
        case one(DataSource)
        /// There are some, and no default.
        case several
    }

    /// The data source of an organisation that is meant where none is named.
    ///
    /// - Parameter types: the types that may be meant.
    func standard(orgID: Int, types: [String]) -> Standard {
        let fitting = sources.values.filter { $0.orgID == orgID && types.contains($0.type) }
        guard let first = fitting.first else { return .none }
        if fitting.count == 1 { return .one(first) }
        return fitting.first(where: \.isDefault).map { .one($0) } ?? .several
    }

    /// Whether some organisation has a data source that is meant where none is named.
    func hasStandard(types: [String]) -> Bool {
        let orgs = Set(sources.values.filter { types.contains($0.type) }.map(\.orgID))
        return orgs.contains { org in
            if case .one = standard(orgID: org, types: types) { true } else { false }
        }
    }

    /// Whether some organisation has a data source of these types.
    func has(types: [String]) -> Bool { sources.values.contains { types.contains($0.type) } }

    /// Whether both hold the very same data sources, apps and configuration.
    func isSame(as other: DataSourceTable) -> Bool {
        grafanaConfig == other.grafanaConfig && proxySettings == other.proxySettings && apps == other.apps
            && variables == other.variables && removedApps == other.removedApps
            && sources.count == other.sources.count
            && sources.allSatisfy { other.sources[$0.key] === $0.value }
    }
}
