import APIServer
import Bytes
import DataPlane
import DataPlaneAPI
import HTTPKit
import PluginBridge
import Storage

/// Makes the pages of the admin listener.
struct AdminPages: Sendable {
    let host: PluginHost
    let controller: ServiceController
    let store: WatchCache
    let watches: Slots
    let explanation: Explanation
    let metrics: GatewayMetrics
    let streams: StreamHub
    /// The data sources of the moment.
    let sources: @Sendable () async -> DataSourceTable?

    /// A page.
    ///
    /// - Parameter targets: where the request was sent to.
    func page(
        _ path: CanonicalPath, query: QueryText, targets: Result<ScrapeTargets, GatewayError>
    ) async -> Result<AdminPage, GatewayError> {
        let segments = (0..<path.count).map { path.text($0) }
        switch segments {
        case [""]: return .success(AdminPage(text: Self.index))
        case ["healthz"]: return .success(AdminPage(text: "ok\n"))
        case ["metrics"]:
            return .success(
                AdminPage(
                    text: await metrics.text(host, store, watches, streams, needed: await controller.neededPlugins),
                    contentType: MetricsBridge.contentType))
        case ["metrics", "plugins"]:
            let (plugins, silent) = (await host.status().map(\.manifest), host.pluginsWithoutMetrics())
            let claimed = Set(controller.routes.all.map(\.pluginID))
            return targets.map { AdminPage(json: $0.document(plugins, silent: silent, claimed: claimed)) }
        case ["routes"]: return .success(AdminPage(json: routes()))
        case ["plugins"]: return .success(AdminPage(json: await plugins()))
        case ["plugins", segments.count == 3 ? segments[1] : "", "stderr"]:
            guard let tail = await host.stderrTail(segments[1]) else { return .failure(Self.noPlugin(segments[1])) }
            return .success(AdminPage(text: tail))
        case ["datasources"]: return .success(AdminPage(json: await dataSources()))
        case ["explain"]:
            let asked = Result { () throws(GatewayError) in try Self.asked(query) }
            switch asked {
            case .success(let asked):
                return .success(AdminPage(text: await explanation.text(method: asked.method, path: asked.path) + "\n"))
            case .failure(let error): return .failure(error)
            }
        default:
            return .failure(GatewayError(.notFound, "there is no such page; see / for the list"))
        }
    }

    private static let index = """
        dataplane-gateway \(GatewayVersion.text), admin listener
        /healthz                 the process is alive
        /metrics                 metrics of the gateway in the Prometheus text format
        /metrics/plugins/ID      metrics of a plugin
        /metrics/plugins         what Prometheus' http_sd_configs asks for: all of these
        /routes                  the claimed routes
        /plugins                 the plugins and their states
        /plugins/ID/stderr       what a plugin wrote last (may hold secrets)
        /explain?method=M&path=P who would answer
        /datasources             the data sources by organisation, without their secrets
        /backup                  a consistent copy of the objects (dataplane-gateway backup)

        """

    private func routes() -> JSONValue {
        .array(
            controller.routes.all.map { route in
                [
                    "object": .string(route.objectName), "type": .string(route.type.rawValue),
                    "group": .string(route.group), "version": .string(route.version),
                    "plugin": .string(route.pluginID), "backend": .string(route.backend.text),
                    "path": .string(route.pathPattern),
                ]
            })
    }

    private func dataSources() async -> JSONValue {
        let all = await sources()?.all ?? []
        return .array(
            all.sorted { ($0.orgID, $0.uid) < ($1.orgID, $1.uid) }.map { source in
                [
                    "uid": .string(source.uid), "orgId": .int(source.orgID), "name": .string(source.displayName),
                    "type": .string(source.type), "isDefault": .bool(source.isDefault), "file": .string(source.file),
                    "uidGenerated": .bool(source.uidGenerated),
                ]
            })
    }

    private func plugins() async -> JSONValue {
        .array(
            await host.status().map { status in
                var entry: JSONValue = [
                    "id": .string(status.manifest.id), "type": .string(status.manifest.type),
                    "version": .string(status.manifest.version), "folder": .string(status.manifest.folder),
                    "restarts": .int(status.restarts), "starts": .int(status.starts),
                    "phase": .string(status.state.phase.rawValue),
                ]
                if let pid = status.pid { entry["pid"] = .int(Int(pid)) }
                switch status.state {
                case .ready(let instance): entry["generation"] = .int(instance.generation)
                case .down(let down): entry["message"] = .string(down.error.message)
                }
                return entry
            })
    }

    /// The 404 for a plugin that isn't installed.
    static func noPlugin(_ id: String) -> GatewayError {
        GatewayError(.notFound, "there is no plugin \"\(id)\"; /plugins lists them")
    }

    /// What `explain` is asked about.
    static func asked(_ query: QueryText) throws(GatewayError) -> (method: String, path: String) {
        guard let path = try query.readable("path"), let method = try query.readable("method") else {
            throw GatewayError(.badRequest, "explain takes ?method=METHOD&path=PATH")
        }
        return (method, path)
    }
}
