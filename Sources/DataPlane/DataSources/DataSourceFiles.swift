import APIServer
import DataPlaneAPI
import PluginProtocol
import SystemKit

/// Reads data sources from Grafana's provisioning files.
package enum DataSourceFiles {
    /// The data sources of a file or folder, and what was wrong.
    package static func load(_ path: String) -> (sources: [DataSource], faults: [GatewayError]) {
        var sources: [DataSource] = []
        var faults: [GatewayError] = []
        do throws(GatewayError) {
            for file in try Folder.files(path, endings: [".yaml", ".yml"]) {
                for document in try YAMLDocument.parse(try FileText.read(file), file: file) {
                    for entry in try document.json.array("datasources") ?? [] {
                        var settings = DataSourceInstanceSettings()
                        settings.uid = try entry.requiredString("uid")
                        settings.name = try entry.requiredString("name")
                        settings.url = try entry.string("url") ?? ""
                        settings.id = 1
                        if let json = entry["jsonData"] { settings.jsonData = json.bytes() }
                        sources.append(
                            DataSource(
                                orgID: try entry.int("orgId") ?? 1, uid: settings.uid,
                                type: try entry.requiredString("type"), settings: settings))
                    }
                }
            }
        } catch { faults.append(error) }
        return (sources, faults)
    }
}
