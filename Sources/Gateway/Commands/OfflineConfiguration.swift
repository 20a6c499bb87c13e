import APIServer
import DataPlane
import DataPlaneAPI
import PluginBridge
import SystemKit

/// What `serve` would read, without a running gateway.
struct OfflineConfiguration: Sendable {
    let scan: PluginScan
    let sources: DataSourceTable
    let routes: RouteTable

    init(_ settings: Settings) throws(GatewayError) {
        scan = PluginScan(settings.pluginsDirs)
        sources = Provisioning.load(settings.provisioningLayout, environment: ProcessEnvironment.all).table
        var services: [DataPlaneService] = []
        if !settings.manifests.isEmpty {
            for file in try Folder.files(settings.manifests, endings: [".yaml", ".yml", ".json"]) {
                for document in try YAMLDocument.parse(try FileText.read(file), file: file) {
                    services.append(try DataPlaneService(document.json))
                }
            }
        }
        routes = RouteTable(services)
    }
}
