import DataPlaneAPI
import SystemKit

/// Everything that is provisioned, as read at one moment.
package struct Provisioning: Sendable {
    /// The data sources.
    package let dataSources: DataSourceFiles
    /// The app plugins.
    package let apps: AppPluginFiles
    /// What plugins are told of Grafana.
    package let grafana: GrafanaConfig
    /// What the event loops work with.
    package let table: DataSourceTable
    private let fingerprint: Fingerprint

    /// Every fault, with file, line and field.
    package var faults: [GatewayError] {
        var seen: Set<String> = []
        return (grafana.faults + dataSources.faults + apps.faults).filter { seen.insert($0.message).inserted }
    }

    /// Reads everything.
    ///
    /// - Parameters:
    ///   - environment: for `$VAR` in values and `GF_<SECTION>_<KEY>`.
    ///   - previous: what was read before; files that can't be parsed now keep what they held, and if nothing changed
    ///     the table stays the same object.
    ///   - start: when the process started, milliseconds since 1970, for the times of change that plugins are told.
    package static func load(
        _ layout: ProvisioningLayout, environment: [String: String], previous: Provisioning? = nil,
        start: Int64? = nil
    ) -> Provisioning {
        Provisioning(layout, environment, previous, start)
    }

    private init(
        _ layout: ProvisioningLayout, _ environment: [String: String], _ previous: Provisioning?, _ start: Int64?
    ) {
        // Taken before reading: a change while reading is seen as one at the next look.
        let files = Fingerprint.files(layout)
        dataSources = .load(
            layout.dataSourcePaths, environment: environment, previous: previous?.dataSources, start: start)
        apps = .load(layout.appPaths, environment: environment, previous: previous?.apps, start: start)
        grafana = .load(layout.grafanaConfig, environment: environment, previous: previous?.grafana)
        var referenced = dataSources.referencedFiles
        for other in [apps.referencedFiles, grafana.referencedFiles] { referenced.merge(other) { first, _ in first } }
        fingerprint = Fingerprint(files: files, referenced: referenced)
        let table = DataSourceTable(
            dataSources.sources, apps: apps.apps, grafanaConfig: grafana.pluginContext, proxySettings: grafana.proxy,
            variables: grafana.variables, removedApps: apps.removed)
        if let known = previous?.table, known.isSame(as: table) { self.table = known } else { self.table = table }
    }

    /// Whether the files look the same as when they were read.
    package func isCurrent(_ layout: ProvisioningLayout) -> Bool {
        fingerprint.files == Fingerprint.files(layout)
            && fingerprint.referenced.allSatisfy { $0.value == FileFacts($0.key) }
    }

    /// What the files looked like; links are followed, so a swapped link is a change.
    private struct Fingerprint: Sendable {
        let files: [String: FileFacts]
        let referenced: [String: FileFacts?]

        static func files(_ layout: ProvisioningLayout) -> [String: FileFacts] {
            var files = Folder.fingerprint(
                layout.dataSourcePaths + layout.appPaths, endings: ProvisioningFiles<Never>.endings)
            if !layout.grafanaConfig.isEmpty { files[layout.grafanaConfig] = FileFacts(layout.grafanaConfig) }
            return files
        }
    }
}
