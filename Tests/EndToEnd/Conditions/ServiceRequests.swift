import Foundation

/// DataPlaneServices through the API, as clients make them.
extension Gateway {
    static let services = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"

    /// Makes an object.
    func create(_ service: Service) throws -> Answer {
        try request("POST", Self.services, [("Content-Type", "application/json")], body: service.json)
    }

    /// Changes an object with a merge patch.
    func patch(_ name: String, _ body: String) throws -> Answer {
        try request("PATCH", "\(Self.services)/\(name)", [("Content-Type", "application/merge-patch+json")], body: body)
    }

    /// Removes an object.
    func delete(_ name: String) throws -> Answer { try request("DELETE", "\(Self.services)/\(name)") }

    /// A query to the data source that has the name of its plugin.
    func query(_ service: Service, _ query: String = #"{"refId":"A"}"#) throws -> Answer {
        try request("POST", service.queryPath, body: QueryCase.queries(query))
    }

    /// What the echoing plugin got with a query.
    func echo(_ service: Service) throws -> [String: Any] { try Self.echoed(query(service)) }

    /// What the echoing plugin says that it got.
    static func echoed(_ answer: Answer) throws -> [String: Any] {
        guard let text = answer.json.at("results.A.frames.0.data.values.0.0") as? String,
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        else { throw Trouble("no echo: \(answer.status) \(answer.text)") }
        return object
    }

    /// The process of the plugin that answers a query.
    func pluginPID(_ service: Service) throws -> pid_t {
        guard let pid = try echo(service)["pid"] as? Int else { throw Trouble("the echo has no pid") }
        return pid_t(pid)
    }
}

extension Gateway.Service {
    /// The service of a plugin in a group of its own.
    init(plugin: String) { self.init(group: "\(plugin).example.com", pluginID: plugin) }

    var name: String { "\(version).\(group)" }
    var queryPath: String { "/apis/\(group)/\(version)/namespaces/default/datasources/\(pluginID)/query" }

    var json: String { json(named: name) }

    func json(named name: String) -> String {
        """
        {"apiVersion": "aggregation.grafana.app/v0alpha1", "kind": "DataPlaneService", "metadata": {"name": "\(name)"},
         "spec": {"pluginID": "\(pluginID)", "pluginType": "datasource", "group": "\(group)", "version": "\(version)",
                  "services": [{"type": "query"}]}}
        """
    }
}
