import APIServer
import DataPlane
import DataPlaneAPI
import HTTPKit
import PluginBridge
import SystemKit

/// Says who would answer a request.
package struct Explanation: Sendable {
    private let routes: @Sendable () -> RouteTable
    private let source: @Sendable (Int, String) async -> DataSource?
    private let plugin: @Sendable (String) -> String
    private let upstream: UpstreamEndpoint?

    init(
        routes: @escaping @Sendable () -> RouteTable, source: @escaping @Sendable (Int, String) async -> DataSource?,
        plugin: @escaping @Sendable (String) -> String, upstream: UpstreamEndpoint?
    ) {
        self.routes = routes
        self.source = source
        self.plugin = plugin
        self.upstream = upstream
    }

    /// A few lines: handler, object, service, plugin, or the delegate.
    func text(method: String, path text: String) async -> String {
        let target = String(text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first ?? "")
        let base = upstream?.basePath ?? ""
        let sent = CanonicalPath(target)
        let owned = Chain.owned(base)
        if owned.contains(sent), let refusal = sent.refusal { return "refused with 400: \(refusal.message)" }
        if owned.isEscapedTo(by: sent) || owned.contains(sent) && !owned.containsLiterally(sent.raw) {
            return "refused with 400: the path may be read as an owned one"
        }
        let path =
            !base.isEmpty && target.hasPrefix("\(base)/") ? CanonicalPath(String(target.dropFirst(base.count))) : sent
        let match = routes().match(path, method: method.uppercased().utf8)
        switch match {
        case .source(let route, let namespace, let uid, _):
            var lines = claimed(route)
            if case .http = route.backend {
                lines.append("answer    501: an http backend serves the type route only")
                return lines.joined(separator: "\n")
            }
            if route.type == .query, method.uppercased() != "POST" {
                lines.append("answer    405: only POST is allowed here")
            }
            do throws(GatewayError) {
                let org = try Namespace.orgID(namespace)
                if let found = await source(org, uid) {
                    lines.append("source    \(uid) in organisation \(org), type \(found.type)")
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
            if Self.isAPIServer(path) { return "handler   API server of the gateway (APIServerHandler)" }
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

    private static func isAPIServer(_ path: CanonicalPath) -> Bool {
        let names = (0..<path.count).map { path.text($0) }
        switch names.first {
        case "version", "livez", "readyz": return names.count == 1
        case "openapi": return names.count > 1
        case "api": return names.count == 1 || names == ["api", "v1"]
        case "apis": return names.count == 1 || names[1] == DataPlaneService.group
        default: return false
        }
    }

    /// From the files, without a running gateway.
    package static func offline(method: String, path: String, _ settings: Settings) async throws -> String {
        let read = try OfflineConfiguration(settings)
        return await Explanation(
            routes: { read.routes }, source: { read.sources.find(orgID: $0, uid: $1) },
            plugin: { read.scan.plugins[$0].map { "found in \($0.folder)" } ?? "not found in --plugins-dir" },
            upstream: settings.upstream
        ).text(method: method, path: path)
    }

    /// From the running gateway, through its admin listener.
    package static func running(method: String, path: String, _ settings: Settings) async throws -> String {
        try await AdminClient(settings).text(
            "/explain?method=\(AdminClient.escape(method))&path=\(AdminClient.escape(path))")
    }
}
