import Foundation

/// Objects with backends, and where their routes are.
enum BackendGateway {
    static let root = "/apis/example.grafana.app/v1/namespaces/default"

    /// A DataPlaneService with an http backend and the routes of most tests; `more` is YAML below `backend`.
    static func http(
        _ url: String, group: String = "example.grafana.app", services: String = routes, more: String = "",
        spec: String = ""
    ) -> String {
        head(group) + "  backend:\n    type: http\n    baseURL: \(url)\n\(more)\(spec)  services:\n\(services)"
    }

    static let routes = """
            - {type: route, method: GET, path: "/test/{name}/example"}
            - {type: route, method: POST, path: /test}
            - {type: route, path: /all}
            - {type: route, path: "/deep/{rest...}"}

        """

    /// A DataPlaneService that the upstream answers.
    static func upstream(_ group: String, services: [String], more: String = "") -> String {
        head(group) + "  backend: {type: upstream}\n\(more)  services:\n"
            + services.map { "    - type: \($0)\n" }.joined()
    }

    private static func head(_ group: String) -> String {
        """
        apiVersion: aggregation.grafana.app/v0alpha1
        kind: DataPlaneService
        metadata:
          name: v1.\(group)
        spec:
          group: \(group)
          version: v1

        """
    }

    /// Starts a gateway with objects.
    static func start(
        _ manifests: [String], upstream: UInt16? = nil, plugins: [String] = [], sources: [Gateway.Source] = [],
        flags: [String] = []
    ) throws -> Gateway {
        try Gateway(
            upstream: upstream,
            plugins: { folder in
                for plugin in plugins { try TestPlugins.install(plugin, in: folder) }
                for (index, manifest) in manifests.enumerated() {
                    try folder.write("manifests/backend-\(index).yaml", manifest)
                }
            }, sources: sources, flags: flags)
    }
}
