import Foundation

/// Gateways with the showcase plugin, which has every service.
enum ShowcaseGateway {
    /// Below a data source of the example's manifest.
    static let source = "/apis/showcase.example/v1/namespaces/default/datasources/demo"
    /// Below the example's group and version.
    static let root = "/apis/showcase.example/v1"
    /// Below the instance of the app plugin.
    static let app = "/apis/showcase-app.example/v1/namespaces/default/app/instance"

    /// One that tests share which change nothing; the plugin is there as a data source and as an app, the test plugin
    /// as one that lacks most services.
    static let shared = Result {
        let gateway = try start { folder in
            try installApp(in: folder)
            try TestPlugins.install("testds", in: folder)
            try folder.write(
                "manifests/lacking.yaml",
                manifest(
                    group: "lacking.example", pluginID: "testds",
                    services: ["query", "resource", "health", "metrics", "stream", "admission", "conversion"]))
        }
        try gateway.waitForPlugin("plugin.showcase-app:")
        try gateway.waitForPlugin("testds")
        return gateway
    }

    /// Starts a gateway with the example's manifest and plugin, and waits for the plugin.
    ///
    /// - Parameter more: puts more into its folders.
    static func start(flags: [String] = [], more: (TemporaryFolder) throws -> Void = { _ in }) throws -> Gateway {
        let gateway = try Gateway(
            plugins: { folder in
                try install(in: folder)
                let example = "\(Programs.root)/examples/plugins/showcase/showcase.yaml"
                try folder.write("manifests/showcase.yaml", String(contentsOfFile: example, encoding: .utf8))
                try more(folder)
            },
            sources: [
                .init(uid: "demo", type: "showcase"),
                .init(uid: "sick", type: "showcase", more: "    jsonData:\n      healthy: false\n"),
                .init(uid: "testds"),
            ], flags: flags)
        try gateway.waitForPlugin("plugin.showcase:")
        return gateway
    }

    /// The example as it is.
    static func install(in folder: TemporaryFolder) throws {
        let manifest = "\(Programs.root)/examples/plugins/showcase/plugin.json"
        try install(String(contentsOfFile: manifest, encoding: .utf8), as: "showcase", in: folder)
    }

    private static func installApp(in folder: TemporaryFolder) throws {
        try install(
            #"{"id": "showcase-app", "type": "app", "name": "App", "backend": true, "executable": "gpx_showcase"}"#,
            as: "showcase-app", in: folder)
        try folder.write(
            "provisioning/plugins/app.yaml",
            """
            apiVersion: 1
            apps:
              - type: showcase-app
                orgId: 1
              - type: showcase-app
                orgId: 2
                disabled: true

            """)
        try folder.write(
            "manifests/app.yaml",
            manifest(
                group: "showcase-app.example", pluginID: "showcase-app", type: "app",
                services: ["resource", "health", "stream"]))
    }

    private static func install(_ manifest: String, as name: String, in folder: TemporaryFolder) throws {
        try folder.write("plugins/\(name)/plugin.json", manifest)
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/plugins/\(name)/gpx_showcase_\(TestPlugins.platform)",
            withDestinationPath: Programs.built("gpx_showcase", "ShowcasePlugin"))
    }

    /// A DataPlaneService with some services; `more` is YAML below `spec`.
    static func manifest(
        group: String, pluginID: String, type: String = "datasource", services: [String], more: String = ""
    ) -> String {
        """
        apiVersion: aggregation.grafana.app/v0alpha1
        kind: DataPlaneService
        metadata:
          name: v1.\(group)
        spec:
          pluginID: \(pluginID)
          pluginType: \(type)
          group: \(group)
          version: v1
        \(more)  services:

        """ + services.map { "    - type: \($0)\n" }.joined()
    }
}
