import Access
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginBridge
import PluginProtocol

#if canImport(Glibc)
import Glibc
#endif

/// The first handler of the chain: answers claimed routes through their plugins, hands everything else on.
package final class DataPlaneHandler: ExchangeHandler {
    private let state: LoopState
    private let queries: QueryBridge
    private let gate: any ExchangeGate
    private let userAgent: String
    private let requestLimit: Int
    private let next: any ExchangeHandler

    /// A handler for one event loop.
    ///
    /// - Parameters:
    ///   - userAgent: what plugins see as their host.
    ///   - requestLimit: the most bytes of a query body.
    ///   - next: the delegate.
    package init(
        state: LoopState, queries: QueryBridge, gate: any ExchangeGate, userAgent: String, requestLimit: Int,
        next: any ExchangeHandler
    ) {
        self.state = state
        self.queries = queries
        self.gate = gate
        self.userAgent = userAgent
        self.requestLimit = requestLimit
        self.next = next
    }

    /// Answers the exchange or hands it on.
    package func handle(_ exchange: Exchange) {
        guard exchange.request.withPath({ $0.starts(with: "/apis/".utf8) }) else { return next.handle(exchange) }
        switch state.routes.match(exchange.path) {
        case .none: next.handle(exchange)
        case .query(let route, let namespace, let uid):
            exchange.handledBy = .query
            exchange.objectName = route.objectName
            exchange.accessState.countsConnectionsAsDataSources = true
            if let refusal = gate.refusal(exchange) { return exchange.respond(refusal) }
            guard exchange.request.method == .post else {
                return exchange.respond(.methodNotAllowed(exchange.request.methodText, allow: ["POST"]))
            }
            do throws(GatewayError) {
                try query(exchange, route, namespace: namespace, uid: uid)
            } catch {
                exchange.respond(error)
            }
        }
    }

    private func query(
        _ exchange: Exchange, _ route: ClaimedRoute, namespace: String, uid: String
    ) throws(GatewayError) {
        let orgID = try Namespace.orgID(namespace)
        guard let source = state.sources.find(orgID: orgID, uid: uid) else {
            throw .notFound("datasources", group: route.group, name: uid)
        }
        let accepted = [route.pluginID] + (state.manifests[route.pluginID]?.aliasIDs ?? [])
        guard accepted.contains(source.type) else {
            let cause = StatusCause.notSupported("datasource.type", source.type, supported: accepted)
            throw GatewayError(
                .badRequest,
                "invalid datasource type: data source \"\(uid)\" is a \(source.type), and \(route.objectName) serves \(route.pluginID)",
                causes: [cause])
        }
        let instance: PluginInstance
        switch state.plugins.state(route.pluginID) {
        case .ready(let ready): instance = ready
        case .down(_, let error): throw error
        }
        let context =
            state.context(
                source, pluginID: route.pluginID, version: route.version, namespace: namespace, userAgent: userAgent)
            + Self.userField(exchange)
        exchange.collectBody(limit: requestLimit, setting: "plugin-request-limit") { [queries] result in
            do throws(GatewayError) {
                let body = try result.get()
                let parsed = try body.withUnsafeReadableBytes { bytes in
                    Result { () throws(GatewayError) in
                        try QueryRequest.parse(bytes, pathUID: uid, acceptedTypes: accepted, now: Self.nowMS())
                    }
                }.get()
                queries.query(exchange, parsed, context: context, instance: instance)
            } catch {
                exchange.respond(error)
            }
        }
    }

    /// The user for the plugin; nothing while nobody signs in.
    private static func userField(_ exchange: Exchange) -> [UInt8] {
        guard let user = exchange.user, user != .firstRun else { return [] }
        let role = user.groups.contains(User.masters) ? "Admin" : "Viewer"
        return PluginUser(login: user.name, name: user.name, role: role).contextField
    }

    private static func nowMS() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec &* 1000 &+ now.tv_nsec / 1_000_000
    }
}
