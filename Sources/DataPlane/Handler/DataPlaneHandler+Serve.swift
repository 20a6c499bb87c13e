import Access
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginBridge
import PluginProtocol

extension DataPlaneHandler {
    /// The data source of a request.
    ///
    /// - Throws: 404 when it isn't there, 400 when it belongs to another plugin.
    func source(_ route: ClaimedRoute, namespace: String, uid: String) throws(GatewayError) -> PreparedSubject {
        try state.subjects.find(route, namespace: namespace, uid: uid) { () throws(GatewayError) in
            try makeSource(route, namespace: namespace, uid: uid)
        }
    }

    private func makeSource(
        _ route: ClaimedRoute, namespace: String, uid: String
    ) throws(GatewayError) -> PreparedSubject {
        let orgID = try Namespace.orgID(namespace)
        guard let source = state.sources.find(orgID: orgID, uid: uid) else {
            throw .notFound("datasources", group: route.group, name: uid)
        }
        let accepted = acceptedTypes(route)
        guard accepted.contains(source.type) else {
            let cause = StatusCause.notSupported("datasource.type", source.type, supported: accepted)
            throw GatewayError(
                .badRequest,
                "invalid datasource type: data source \"\(uid)\" is a \(source.type), and \(route.objectName) serves \(route.pluginID)",
                causes: [cause])
        }
        return PreparedSubject(
            route,
            context: state.context(
                source, pluginID: route.pluginID, version: route.version, namespace: namespace, userAgent: userAgent),
            forwarding: source.forwarding,
            scope: StreamScope(group: route.group, version: route.version, namespace: namespace, uid: uid).text,
            uid: uid, acceptedTypes: accepted, proxied: .source(source), bridges: bridges.bridges(route.limits))
    }

    /// The instance of an app plugin.
    ///
    /// - Throws: 404 when the app is switched off for the organisation.
    func app(_ route: ClaimedRoute, namespace: String) throws(GatewayError) -> PreparedSubject {
        try state.subjects.find(route, namespace: namespace) { () throws(GatewayError) in
            let orgID = try Namespace.orgID(namespace)
            let app = state.sources.app(orgID: orgID, pluginID: route.pluginID)
            guard app?.isEnabled != false else {
                throw .notFound("apps", group: route.group, name: route.pluginID)
            }
            return PreparedSubject(
                route,
                context: state.context(
                    app: orgID, pluginID: route.pluginID, version: route.version, namespace: namespace,
                    userAgent: userAgent),
                scope: StreamScope(group: route.group, version: route.version, namespace: namespace).text,
                proxied: .app(app, orgID: orgID), bridges: bridges.bridges(route.limits))
        }
    }

    /// Answers a route of a data source or an app.
    func serve(
        _ exchange: Exchange, _ route: ClaimedRoute, _ subject: PreparedSubject, rest: Int
    ) throws(GatewayError) {
        switch route.type {
        case .query: try query(exchange, route, subject)
        case .health:
            try allow([.get, .head], exchange)
            subject.bridges.health.check(
                exchange, context: Self.context(subject, exchange), apiVersion: route.prepared.apiVersion,
                forwarding: subject.forwarding, instance: try instance(route))
        case .resource:
            subject.bridges.resource.call(
                exchange,
                ResourceTarget(
                    context: Self.context(subject, exchange), path: ResourcePath(exchange.path, from: rest),
                    forwarding: subject.forwarding), instance: try instance(route))
        case .stream: try stream(exchange, route, subject, rest: rest)
        case .dataSourceProxy: try forward(exchange, route, subject, rest: rest)
        case .route, .metrics, .admission, .conversion: throw .unknownResource()
        }
    }

    private func query(_ exchange: Exchange, _ route: ClaimedRoute, _ subject: PreparedSubject) throws(GatewayError) {
        try allow([.post], exchange)
        let instance = try instance(route)
        let bridges = subject.bridges
        exchange.collectBody(limit: bridges.requestLimit, setting: bridges.requestSetting) { result in
            switch result {
            case .success(let body):
                bridges.query.query(
                    exchange, body, QuerySubject(uid: subject.uid, acceptedTypes: subject.acceptedTypes),
                    context: Self.context(subject, exchange), forwarding: subject.forwarding, instance: instance)
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    /// The plugin need not run for this, nor have a process at all.
    private func forward(
        _ exchange: Exchange, _ route: ClaimedRoute, _ subject: PreparedSubject, rest: Int
    ) throws(GatewayError) {
        proxy.use(generation: state.sourcesGeneration, grafana: state.sources.proxySettings)
        let manifest = state.manifests[route.pluginID]
        let source =
            switch subject.proxied {
            case .source(let source): proxy.source(source, pluginID: route.pluginID, manifest: manifest)
            case .app(let app, let orgID):
                proxy.source(app: app, orgID: orgID, pluginID: route.pluginID, manifest: manifest)
            }
        try proxy.forward(exchange, to: source, limits: route.given, rest: rest, userAgent: userAgent)
    }

    private func stream(
        _ exchange: Exchange, _ route: ClaimedRoute, _ subject: PreparedSubject, rest: Int
    ) throws(GatewayError) {
        try allow([.get, .post], exchange)
        guard let streams else { throw .unknownResource() }
        let path = String(decoding: ResourcePath(exchange.path, from: rest).path, as: UTF8.self)
        // What is published has its data in the body.
        let data = exchange.request.method == .get ? try exchange.request.streamData() : []
        let target = StreamTarget(
            key: StreamKey(pluginID: route.pluginID, scope: subject.scope, path: path, data: data),
            context: Self.context(subject, exchange))
        if exchange.request.method == .post {
            streams.publish(exchange, target, isTLS: exchange.peer.isTLS)
        } else {
            streams.listen(exchange, target, isTLS: exchange.peer.isTLS)
        }
    }

    /// Answers a route of a plugin as such: there is neither a data source nor an organisation.
    func servePlugin(_ exchange: Exchange, _ route: ClaimedRoute) throws(GatewayError) {
        let shared = state.context(
            plugin: route.pluginID, isApp: route.isApp, version: route.version, userAgent: userAgent)
        let context = shared.with(user: Self.userField(exchange))
        let bridges = bridges.bridges(route.limits)
        switch route.type {
        case .metrics:
            try allow([.get, .head], exchange)
            bridges.metrics.collect(exchange, context: context, instance: try instance(route))
        case .admission:
            try allow([.post], exchange)
            let question: AdmissionBridge.Question =
                exchange.path.segment(4, equals: RouteTable.mutate) ? .mutate : .validate
            bridges.admission.review(exchange, question, context: context, instance: try instance(route))
        case .conversion:
            try allow([.post], exchange)
            bridges.conversion.review(exchange, context: context, instance: try instance(route))
        case .query, .stream, .resource, .route, .health, .dataSourceProxy: throw .unknownResource()
        }
    }

    /// Answers a route with a path of its own: a resource call whose path is what comes after the namespace.
    func serveRoute(_ exchange: Exchange, _ route: ClaimedRoute, namespace: String) throws(GatewayError) {
        let subject = try routeSubject(route, namespace: namespace)
        subject.bridges.resource.call(
            exchange,
            ResourceTarget(
                context: Self.context(subject, exchange), path: ResourcePath(exchange.path, from: 5),
                forwarding: subject.forwarding),
            instance: try instance(route))
    }

    /// What a route below the namespace is about: the app, or the one data source that can be meant.
    ///
    /// Of several data sources without a default none is meant: the plugin decides whether it can do without.
    private func routeSubject(_ route: ClaimedRoute, namespace: String) throws(GatewayError) -> PreparedSubject {
        guard !route.isApp else { return try app(route, namespace: namespace) }
        let orgID = try Namespace.orgID(namespace)
        switch state.standardSource(orgID: orgID, pluginID: route.pluginID, types: acceptedTypes(route)) {
        case .one(let source): return try self.source(route, namespace: namespace, uid: source.uid)
        case .none: throw Self.noStandardSource(route, namespace)
        case .several:
            return try state.subjects.find(route, namespace: namespace) { () throws(GatewayError) in
                PreparedSubject(
                    route,
                    context: state.context(
                        plugin: route.pluginID, isApp: false, orgID: orgID, version: route.version,
                        namespace: namespace, userAgent: userAgent),
                    scope: "", proxied: .app(nil, orgID: orgID), bridges: bridges.bridges(route.limits))
            }
        }
    }

    private static func noStandardSource(_ route: ClaimedRoute, _ namespace: String) -> GatewayError {
        GatewayError(
            .notFound,
            "the routes of \(route.objectName) need a data source of type \(route.pluginID), and namespace \(namespace) has "
                + "none; provision one (setting provisioning)",
            details: GatewayError.Details(group: route.group, kind: "datasources"))
    }

    /// The context of a request about a subject.
    private static func context(_ subject: PreparedSubject, _ exchange: Exchange) -> ContextBytes {
        subject.context.with(user: userField(exchange))
    }

    /// The user for the plugin; the one of the first run while nobody signs in: plugins look at it without a check.
    static func userField(_ exchange: Exchange) -> [UInt8] {
        let user = exchange.user ?? .anonymous
        return PluginUser(login: user.name, name: user.name, role: user.role.text).contextField
    }
}
