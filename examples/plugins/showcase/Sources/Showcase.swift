import Foundation
import PluginKit

/// A data source plugin that serves every service type with simulated data; each file of it is one service.
@main
struct Showcase: Plugin {
    /// When the process started, for its metrics.
    let started = Date()
}

extension Showcase: CheckHealthHandler {
    /// Says that all is well, unless the data source's jsonData holds `"healthy": false`.
    func checkHealth(_ request: CheckHealthRequest) async throws -> HealthResult {
        let settings = JSON(request.context.dataSourceSettings?.jsonData ?? [])
        guard settings["healthy"] as? Bool != false else {
            return HealthResult(status: .error, message: "the data source says it is not healthy")
        }
        return HealthResult(
            status: .ok, message: "simulated data is always there", jsonDetails: Array("{\"version\":\"0.1.0\"}".utf8))
    }
}

extension Showcase: CollectMetricsHandler {
    /// Metrics in the Prometheus text format.
    func collectMetrics() async throws -> String {
        """
        # HELP showcase_uptime_seconds Time since the plugin started.
        # TYPE showcase_uptime_seconds gauge
        showcase_uptime_seconds \(Date().timeIntervalSince(started))

        """
    }
}

/// A JSON object from somewhere else; everything may be missing.
struct JSON {
    /// Its members.
    var fields: [String: Any]

    /// Reads an object; anything else is empty.
    init(_ bytes: [UInt8]) {
        fields = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] ?? [:]
    }

    /// A member.
    subscript(key: String) -> Any? {
        get { fields[key] }
        set { fields[key] = newValue }
    }

    /// A member that is an object; empty when it isn't.
    func object(_ key: String) -> [String: Any] { fields[key] as? [String: Any] ?? [:] }

    /// The text, keys sorted.
    var bytes: [UInt8] {
        Array(
            (try? JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes]))
                ?? Data("{}".utf8))
    }
}
