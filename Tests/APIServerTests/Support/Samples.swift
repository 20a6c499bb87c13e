import Bytes
import DataPlane
import DataPlaneAPI
import Storage

@testable import APIServer

/// Objects for tests.
enum Samples {
    static let path = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"

    /// A valid object of this name.
    static func service(_ name: String, plugin: String = "acme-datasource", labels: JSONValue? = nil) -> JSONValue {
        var object: JSONValue = [
            "apiVersion": .string(DataPlaneService.apiVersion), "kind": .string(DataPlaneService.kind),
            "metadata": ["name": .string(name)],
            "spec": [
                "pluginID": .string(plugin), "group": "weather.example.org", "version": "v1",
                "services": [["type": "query"]],
            ],
        ]
        if let labels { object["metadata"]?["labels"] = labels }
        return object
    }

    /// A registry with the kind that tests write.
    static func registry() -> KindRegistry { KindRegistry([DataPlaneServiceKind.definition]) }

    static func key(_ name: String) -> ObjectKey { ObjectKey(.dataPlaneServices, name: name) }
}
