import ArgumentParser

/// The files that the gateway reads.
struct SourceOptions: SettingFlags {
    @Option(parsing: .singleValue, help: "Folder with plugins; may be given several times.")
    var pluginsDir: [String] = []
    @Option(help: "Folder in Grafana's provisioning layout (datasources/, plugins/).")
    var provisioning: String?
    @Option(help: "Data source YAML: a file or a folder.")
    var datasources: String?
    @Option(
        help:
            "grafana.ini: what plugins and the data source proxy are told, and the headers of [auth.proxy], which are taken out of requests."
    )
    var grafanaConfig: String?
    @Option(help: "API objects to apply and keep in step with: a YAML file or a folder.")
    var manifests: String?
}
