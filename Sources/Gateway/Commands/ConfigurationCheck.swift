import APIServer
import DataPlane
import DataPlaneAPI
import PluginBridge
import SystemKit

/// The command `check`: everything that `serve` would read, read without running anything.
package enum ConfigurationCheck {
    /// Every fault, with file, line and field.
    package static func run(_ settings: Settings) async -> [GatewayError] {
        let provisioned = Provisioning.load(settings.provisioningLayout, environment: ProcessEnvironment.all)
        var faults = settings.listenerFaults
        faults += AccessSetup.faults(settings, authProxyHeaders: provisioned.grafana.authProxyHeaders)
        faults += ServingCertificate.faults(settings)
        faults += BackendCertificates.faults(settings)
        faults += PluginScan(settings.pluginsDirs).faults
        faults += provisioned.faults
        if !settings.manifests.isEmpty {
            faults += ManifestReader.check([settings.manifests]).map { GatewayError(.badRequest, "\($0)") }
        }
        return faults
    }
}
