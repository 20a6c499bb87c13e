import DataPlaneAPI
import Origins

/// What grafana.ini says about the data source proxy: `[dataproxy]` and `data_source_proxy_whitelist` of `[security]`.
package struct GrafanaProxySettings: Sendable, Equatable {
    /// For an answer's head where neither data source nor object say something, seconds; 0 for no limit.
    package var timeout = 30
    /// Whether data sources are told who asks.
    package var sendsUser = false
    /// The most bytes of an answer's body; nil for any.
    package var responseLimit: Int?
    /// Whether a slash at the end of a path passes an app's routes (`pluginProxyPreserveTrailingSlash`).
    package var keepsTrailingSlash = false
    /// The only hosts that may be asked, each with a port or with the one of the URL's scheme; nil for all.
    private var whitelist: [Entry]?

    private struct Entry: Sendable, Equatable {
        let host: String
        let port: Int?
    }

    /// Grafana's defaults.
    package init() {}

    /// Reads the settings.
    init(_ settings: GrafanaSettings) {
        timeout = min(Int(settings.number("dataproxy", "timeout", default: 30)) ?? 30, 86_400)
        sendsUser = settings.bool("dataproxy", "send_user_header")
        let limit = Int(settings.number("dataproxy", "response_limit", default: 0)) ?? 0
        responseLimit = limit > 0 ? limit : nil
        let toggle = "pluginProxyPreserveTrailingSlash"
        let toggles = (settings.text("feature_toggles", "enable") ?? "").split { $0 == "," || $0.isWhitespace }
        keepsTrailingSlash = toggles.contains { $0 == toggle } || settings.bool("feature_toggles", toggle)
        let list = settings.text("security", "data_source_proxy_whitelist") ?? ""
        let words = list.split { $0 == " " || $0 == "," || $0 == "\t" || $0 == "\n" }
        // A list whose entries can't be read allows nothing rather than everything.
        if !words.isEmpty { whitelist = words.compactMap(Self.entry) }
    }

    private static func entry(_ text: Substring) -> Entry? {
        guard let url = try? DataSourceURL("http://\(text)"), url.path.isEmpty, url.query.isEmpty else { return nil }
        // Whether a port was written doesn't show in the URL: 80 is the scheme's own.
        let behindHost = text.drop { $0 != "]" }.isEmpty ? text[...] : text.drop { $0 != "]" }
        return Entry(host: url.host.lowercased(), port: behindHost.contains(":") ? url.port : nil)
    }

    /// Refuses what is not in the list.
    ///
    /// - Throws: 403 with Grafana's words.
    func check(_ url: DataSourceURL) throws(GatewayError) {
        guard let whitelist else { return }
        let host = url.host.lowercased()
        guard whitelist.contains(where: { $0.host == host && ($0.port ?? (url.isTLS ? 443 : 80)) == url.port }) else {
            throw GatewayError(
                .forbidden,
                "Data proxy hostname and ip are not included in whitelist (data_source_proxy_whitelist of grafana.ini)",
                source: .gateway)
        }
    }

    /// The most bytes of an answer with an object's limits, and what that is set with.
    func answerLimit(_ limits: ServiceLimits) -> (bytes: Int?, setting: String) {
        let own = (limits.maxResponseBytes, "limits.maxResponseBytes")
        guard let responseLimit, responseLimit < limits.maxResponseBytes ?? .max else { return own }
        return (responseLimit, "response_limit of grafana.ini")
    }
}
