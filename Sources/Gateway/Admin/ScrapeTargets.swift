import Bytes
import DataPlaneAPI
import HTTPKit
import PluginBridge

/// The document for Prometheus' HTTP service discovery: the gateway, and every plugin that should answer.
struct ScrapeTargets {
    /// Host and port of this listener as the scraper knows it.
    let address: String
    /// Whether the listener speaks TLS.
    let isTLS: Bool

    /// The address that a request was sent to.
    ///
    /// - Throws: 400 when it can't be told; nothing else is known to lead here from where the scraper is.
    init(_ exchange: Exchange) throws(GatewayError) {
        isTLS = exchange.peer.isTLS
        guard let host = exchange.request.headers.firstValue(.host),
            let address = Self.address(host, defaultPort: isTLS ? 443 : 80)
        else {
            throw GatewayError(
                .badRequest,
                "the Host header must be HOST or HOST:PORT: it names the address of the targets in the answer")
        }
        self.address = address
    }

    /// For known values.
    init(address: String, isTLS: Bool) {
        self.address = address
        self.isTLS = isTLS
    }

    /// `host:port` of a Host header; nil when it is anything else than a name or an IP address with or without a port.
    static func address(_ host: String, defaultPort: Int) -> String? {
        let authority = URLAuthority(host[...])
        guard host.utf8.count <= 260, authority.fault == nil, authority.port(or: defaultPort) != nil else { return nil }
        return authority.port == .none ? "\(host):\(defaultPort)" : host
    }

    /// The document.
    ///
    /// A plugin that is down stays in it: Prometheus shows a target that fails, and nothing of one that is gone. Plugins
    /// without a process have no metrics, and those that said that they have none aren't in it.
    ///
    /// - Parameters:
    ///   - plugins: those that are installed.
    ///   - silent: the ids of those that have no metrics.
    ///   - claimed: the ids that DataPlaneServices name, installed or not.
    func document(_ plugins: [PluginManifest], silent: Set<String> = [], claimed: Set<String>) -> JSONValue {
        var entries = [target("/metrics", [:])]
        for plugin in plugins where plugin.executable != nil && !silent.contains(plugin.id) {
            entries.append(
                target(
                    "/metrics/plugins/\(plugin.id)",
                    [
                        "plugin": .string(plugin.id), "__meta_dataplane_plugin_type": .string(plugin.type),
                        "__meta_dataplane_plugin_version": .string(plugin.version),
                    ]))
        }
        for id in claimed.subtracting(plugins.map(\.id)).subtracting(silent).sorted() where !id.isEmpty {
            entries.append(target("/metrics/plugins/\(id)", ["plugin": .string(id)]))
        }
        return .array(entries)
    }

    private func target(_ path: String, _ labels: JSONObject) -> JSONValue {
        var labels = labels
        labels["__metrics_path__"] = .string(path)
        // Without TLS the scheme is left to the scrape configuration: a proxy in front of us may add it.
        if isTLS { labels["__scheme__"] = .string("https") }
        return ["targets": [.string(address)], "labels": .object(labels)]
    }
}
