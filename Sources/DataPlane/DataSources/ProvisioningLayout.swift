import SystemKit

/// Where provisioning files are.
package struct ProvisioningLayout: Sendable {
    /// A folder in Grafana's layout, with the folders `datasources` and `plugins` in it; empty for none.
    package var folder: String
    /// A file or folder of data sources; empty for none.
    package var dataSources: String
    /// grafana.ini; empty for none.
    package var grafanaConfig: String

    /// A layout.
    package init(folder: String = "", dataSources: String = "", grafanaConfig: String = "") {
        self.folder = folder
        self.dataSources = dataSources
        self.grafanaConfig = grafanaConfig
    }

    /// Files and folders of data sources.
    var dataSourcePaths: [String] { below("datasources") + (dataSources.isEmpty ? [] : [dataSources]) }

    /// Files and folders of app plugins.
    var appPaths: [String] { below("plugins") }

    /// A folder of the layout; one that isn't there is no fault as long as the layout's own folder is.
    private func below(_ name: String) -> [String] {
        guard !folder.isEmpty else { return [] }
        guard FileFacts(folder) != nil else { return [folder] }
        let path = folder.hasSuffix("/") ? "\(folder)\(name)" : "\(folder)/\(name)"
        return FileFacts(path) == nil ? [] : [path]
    }
}
