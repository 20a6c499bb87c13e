import DataPlane

extension Settings {
    /// Where data sources, apps and Grafana's settings are read from.
    var provisioningLayout: ProvisioningLayout {
        ProvisioningLayout(folder: provisioning, dataSources: datasources, grafanaConfig: grafanaConfig)
    }
}
