import APIServer
import DataPlane
import DataPlaneAPI
import PluginBridge

/// Looks at the manifests together with what they name.
struct ManifestCheck: Sendable {
    private(set) var faults: [GatewayError] = []
    private(set) var warnings: [String] = []

    init(_ settings: Settings, scan: PluginScan, sources: DataSourceTable) {
        let read = DataPlaneServiceKind.services(inManifests: [settings.manifests])
        faults = read.faults.map { GatewayError(.badRequest, "\($0)") }
        let files = Dictionary(read.services.map { ($0.service.metadata.name, $0.place) }) { first, _ in first }
        for conflict in RouteTable(read.services.map(\.service)).conflicts {
            let winner = files[conflict.winner].map { " (\($0))" } ?? ""
            faults.append(
                GatewayError(
                    .badRequest,
                    "\(files[conflict.objectName] ?? ""): spec.services: \(conflict.objectName) claims \(conflict.route), "
                        + "and so does \(conflict.winner)\(winner); of equally old objects the first by name has it"))
        }
        for (service, place) in read.services {
            look(at: service, place, settings, scan: scan, sources: sources)
        }
    }

    private mutating func look(
        at service: DataPlaneService, _ place: String, _ settings: Settings, scan: PluginScan, sources: DataSourceTable
    ) {
        let spec = service.spec
        let backend = spec.backend
        if backend.kind == .upstream || backend.fallsBackToUpstream, settings.upstream == nil {
            faults.append(
                GatewayError(.badRequest, "\(place): spec.backend: needs the upstream, and --upstream is not given"))
        }
        if let name = backend.tls?.clientCertificate, !name.isEmpty,
            !settings.backendClientCertificates.contains(where: { $0.name == name })
        {
            faults.append(
                GatewayError(
                    .badRequest,
                    "\(place): spec.backend.tls.clientCertificate: there is no backend-client-certificate "
                        + "\"\(name)\""))
        }
        guard backend.kind == .plugin else { return }
        let id = spec.pluginID
        guard let plugin = scan.plugins.values.first(where: { $0.id == id || $0.aliasIDs.contains(id) }) else {
            faults.append(
                GatewayError(.badRequest, "\(place): spec.pluginID: no plugin \"\(id)\" is in a folder of plugins-dir"))
            return
        }
        if plugin.executable == nil {
            faults.append(GatewayError(.badRequest, "\(place): spec.pluginID: the plugin \"\(id)\" has no backend"))
        }
        guard spec.pluginType != "app", !backend.fallsBackToUpstream else { return }
        let names = [plugin.id] + plugin.aliasIDs
        if !sources.all.contains(where: { names.contains($0.type) }) {
            warnings.append(
                "\(place): spec.pluginID: no data source of type \(id) is provisioned, so each of its requests gets 404"
            )
        }
    }
}
