import DataPlaneAPI
import PluginProtocol

/// A configured data source.
package final class DataSource: Sendable {
    /// The organisation it belongs to.
    package let orgID: Int
    /// Its unique name within the organisation.
    package let uid: String
    /// The plugin id, or one of its aliases, as configured.
    package let type: String
    /// What its plugin receives; holds secrets.
    package let settings: DataSourceInstanceSettings

    /// A data source.
    package init(orgID: Int, uid: String, type: String, settings: DataSourceInstanceSettings) {
        self.orgID = orgID
        self.uid = uid
        self.type = type
        self.settings = settings
    }
}

/// The data sources of one moment.
package final class DataSourceTable: Sendable {
    private struct Key: Hashable {
        let orgID: Int
        let uid: String
    }

    private let sources: [Key: DataSource]
    /// What plugins are told of the host; part of every plugin context.
    package let grafanaConfig: [String: String]

    /// A table; of several sources with the same uid in an organisation the first counts.
    package init(_ sources: [DataSource] = [], grafanaConfig: [String: String] = [:]) {
        self.sources = Dictionary(sources.map { (Key(orgID: $0.orgID, uid: $0.uid), $0) }) { first, _ in first }
        self.grafanaConfig = grafanaConfig
    }

    /// All of them, in no order.
    package var all: [DataSource] { Array(sources.values) }

    /// The data source of an organisation.
    package func find(orgID: Int, uid: String) -> DataSource? { sources[Key(orgID: orgID, uid: uid)] }
}
