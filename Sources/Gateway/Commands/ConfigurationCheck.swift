import APIServer
import DataPlane
import DataPlaneAPI
import PluginBridge
import SystemKit

/// The command `check`: everything that `serve` would read, read without running anything.
package enum ConfigurationCheck {
    /// Every fault, with file, line and field.
    package static func run(_ settings: Settings) async -> [GatewayError] {
        var faults = settings.listenerFaults + PluginScan(settings.pluginsDirs).faults
        faults += Provisioning.load(settings.provisioningLayout, environment: ProcessEnvironment.all).faults
        if !settings.manifests.isEmpty {
            faults += ManifestReader.check([settings.manifests]).map { GatewayError(.badRequest, "\($0)") }
        }
        return faults
    }
}
