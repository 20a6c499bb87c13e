import APIServer
import DataPlane
import DataPlaneAPI
import PluginBridge
import SystemKit

/// The command `check`: everything that `serve` would read, read without running anything.
package struct ConfigurationCheck: Sendable {
    /// Every fault, with file, line, field and the setting's name.
    package private(set) var faults: [GatewayError] = []
    /// What works, but hardly as it is meant.
    package private(set) var warnings: [String] = []

    /// Reads everything that the settings name.
    package init(_ settings: Settings) async {
        let provisioned = Provisioning.load(settings.provisioningLayout, environment: ProcessEnvironment.all)
        let scan = PluginScan(settings.pluginsDirs)
        faults = settings.listenerFaults
        faults += AccessSetup.faults(settings, authProxyHeaders: provisioned.grafana.authProxyHeaders)
        faults += ServingCertificate.faults(settings)
        faults += BackendCertificates.faults(settings)
        faults += UpstreamTLS.faults(settings)
        let (missing, paths) = Self.missingPaths(settings)
        faults += missing
        // What can't be opened at all is said once, with the setting's name.
        let others = scan.faults + provisioned.faults
        faults += others.filter { fault in
            !fault.message.hasPrefix("plugins-dir: ") && !paths.contains { fault.message.hasPrefix("\($0): ") }
        }
        faults += scan.plugins.values.sorted { $0.id < $1.id }.compactMap(Self.executableFault)
        warnings += ServingCertificate.warnings(settings)
        warnings += (try? BackendCertificates(settings.backendClientCertificates))?.warnings ?? []
        warnings += UpstreamTLS.warnings(settings)
        if !settings.manifests.isEmpty, !paths.contains(settings.manifests) {
            let manifests = ManifestCheck(settings, scan: scan, sources: provisioned.table)
            faults += manifests.faults
            warnings += manifests.warnings
        }
    }

    /// Files and folders that settings name and that aren't there.
    private static func missingPaths(_ settings: Settings) -> ([GatewayError], Set<String>) {
        var named = settings.pluginsDirs.map { ("plugins-dir", $0, true) }
        named += [
            ("provisioning", settings.provisioning, true), ("datasources", settings.datasources, false),
            ("grafana-config", settings.grafanaConfig, false), ("manifests", settings.manifests, false),
        ]
        var faults: [GatewayError] = []
        var paths: Set<String> = []
        // Those are made where they are missing.
        for (key, path) in [("data-dir", settings.dataDir), ("runtime-dir", settings.runtimeDir)] {
            guard !path.isEmpty, let facts = FileFacts(path), !facts.isFolder else { continue }
            faults.append(GatewayError(.badRequest, "\(settings.place(key)): \(path): is not a folder"))
        }
        for (key, path, isFolder) in named where !path.isEmpty {
            let facts = FileFacts(path)
            guard facts == nil || isFolder && facts?.isFolder == false else { continue }
            let why = facts == nil ? "there is no such \(isFolder ? "folder" : "file or folder")" : "is not a folder"
            faults.append(GatewayError(.badRequest, "\(settings.place(key)): \(path): \(why)"))
            paths.insert(path)
        }
        return (faults, paths)
    }

    /// Why a plugin's executable can't be started.
    private static func executableFault(_ plugin: PluginManifest) -> GatewayError? {
        guard let path = plugin.executable else { return nil }
        func fault(_ why: String) -> GatewayError {
            GatewayError(.badRequest, "\(plugin.folder)/plugin.json: executable: \(path): \(why)")
        }
        guard let facts = FileFacts(path) else {
            return fault("there is no such file; build the plugin for this platform (\(PluginManifest.platform))")
        }
        if facts.isFolder { return fault("is a folder") }
        guard facts.isExecutable else { return fault("may not be executed; chmod +x it") }
        return ExecutableFile.problem(path).map(fault)
    }
}
