import DataPlane
import DataPlaneAPI
import HTTPKit
import PluginBridge

/// Scrapes of plugins through the admin listener, on the loop of the scrape: `/metrics/plugins/ID`.
final class PluginScrape {
    /// For a plugin to answer when the scraper doesn't say how long it waits, seconds: Prometheus waits 10.
    private static let patience = 9

    private let state: LoopState
    private let bridge: MetricsBridge

    init(state: LoopState, bridge: MetricsBridge) {
        self.state = state
        self.bridge = bridge
    }

    /// The plugin that a path asks for; nil for another path.
    ///
    /// Slashes in the id are data, however they are written: Prometheus escapes none in the paths it is told.
    static func pluginID(_ path: CanonicalPath) -> String? {
        guard path.count > 2, path.text(0) == "metrics", path.text(1) == "plugins" else { return nil }
        let id = (2..<path.count).map { path.text($0) }.joined(separator: "/")
        return id.isEmpty ? nil : id
    }

    /// Answers with what the plugin says.
    func answer(_ exchange: Exchange, pluginID id: String) {
        guard let plugin = state.plugin(id) else { return exchange.respond(AdminPages.noPlugin(id)) }
        switch state.plugins.state(plugin.id) {
        case .ready(let instance):
            bridge.collect(exchange, instance: instance, patience: Self.patience(of: exchange.request))
        case .down(let down):
            exchange.respond(down.error)
        }
    }

    /// How long the scraper waits, a second less so that it gets the reason rather than nothing.
    private static func patience(of request: RequestHead) -> Int {
        guard let text = request.headers.firstValue(named: "x-prometheus-scrape-timeout-seconds"),
            let seconds = Double(text), seconds >= 0, seconds < 86_400
        else { return patience }
        return max(1, Int(seconds) - 1)
    }
}
