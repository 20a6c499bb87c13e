import APIServer
import Access
import Bytes
import DataPlane
import DataPlaneAPI
import HTTPKit
import Origins
import PluginBridge
import SystemKit

/// Says who would answer a request, by what the handlers themselves decide with.
package struct Explanation: Sendable {
    private let routes: @Sendable () -> RouteTable
    private let source: @Sendable (Int, String) async -> DataSource?
    private let plugin: @Sendable (String) -> String
    private let upstream: Origin?
    private let kinds: KindRegistry

    init(
        routes: @escaping @Sendable () -> RouteTable, kinds: KindRegistry,
        source: @escaping @Sendable (Int, String) async -> DataSource?,
        plugin: @escaping @Sendable (String) -> String, upstream: Origin?
    ) {
        self.routes = routes
        self.kinds = kinds
        self.source = source
        self.plugin = plugin
        self.upstream = upstream
    }

    /// A few lines: handler, object, service, plugin, or the delegate.
    func text(method: String, path text: String) async -> String {
        let target = String(text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first ?? "")
        guard target.hasPrefix("/") else { return "refused with 400: a path begins with /" }
        let rules = Chain.rules(upstream)
        let sent = CanonicalPath(target)
        if let refusal = rules.refusal(sent) { return "refused with 400: \(refusal.message)" }
        let path = rules.inner(sent)
        let match = routes().match(path, method: method.uppercased().utf8)
        switch match {
        case .source(let route, let namespace, let uid, _):
            var lines = claimed(route)
            if case .http = route.backend {
                lines.append("answer    501: an http backend serves the type route only")
                return lines.joined(separator: "\n")
            }
            do throws(GatewayError) {
                let org = try Namespace.orgID(namespace)
                if let found = await source(org, uid) {
                    lines.append("source    \(uid) in organisation \(org), type \(found.type)")
                    if route.type == .query, method.uppercased() != "POST" {
                        lines.append("answer    405: only POST is allowed here")
                    }
                } else if case .plugin(fallback: false) = route.backend {
                    lines.append("source    \(uid) is not configured in organisation \(org): 404")
                } else {
                    lines.append("source    \(uid) in organisation \(org) of the upstream: its own API is asked")
                }
            } catch {
                lines.append("answer    404: \(error.message)")
            }
            return lines.joined(separator: "\n")
        case .app(let route, _, _), .plugin(let route), .route(let route, _):
            return claimed(route).joined(separator: "\n")
        case .none:
            if SelfReviewHandler.answers(path) {
                let refused = method.uppercased() == "POST" ? "" : "\nanswer    405: only POST is allowed here"
                return "handler   who asks, and what they may do (SelfReviewHandler)\(refused)"
            }
            if let meaning = APIPaths(kinds: kinds.kinds, claims: routes(), hasUpstream: upstream != nil).meaning(path)
            {
                return "handler   API server of the gateway (APIServerHandler)\nanswer    \(meaning)"
            }
            guard let upstream else { return "delegate  none: no --upstream is configured, so 404" }
            return "delegate  upstream \(upstream.text)"
        }
    }

    private func claimed(_ route: ClaimedRoute) -> [String] {
        [
            "handler   \(route.type.rawValue) (DataPlaneHandler)", "object    dataplaneservices/\(route.objectName)",
            "service   \(route.type.rawValue), \(route.pathPattern)", answerer(route),
        ]
    }

    private func answerer(_ route: ClaimedRoute) -> String {
        switch route.backend {
        case .plugin: "plugin    \(route.pluginID): \(plugin(route.pluginID))"
        case .http(let backend): "backend   \(backend.url)"
        case .upstream: "backend   the upstream \(upstream?.text ?? "(none is configured: 503)")"
        }
    }

    /// From the files, without a running gateway.
    package static func offline(method: String, path: String, _ settings: Settings) async throws -> String {
        let read = try OfflineConfiguration(settings)
        return await Explanation(
            routes: { read.routes }, kinds: KindRegistry([DataPlaneServiceKind.definition]),
            source: { read.sources.find(orgID: $0, uid: $1) },
            plugin: { read.scan.plugins[$0].map { "found in \($0.folder)" } ?? "not found in --plugins-dir" },
            upstream: settings.upstream
        ).text(method: method, path: path)
    }

    /// From the running gateway, through its admin listener.
    package static func running(method: String, path: String, _ settings: Settings) async throws -> String {
        try await AdminClient(settings).text(
            "/explain?method=\(Percent.encode(method))&path=\(Percent.encode(path))")
    }
}
