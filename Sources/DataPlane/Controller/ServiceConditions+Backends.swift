import DataPlaneAPI

/// The condition `PluginReady` of objects that no plugin answers for.
extension ServiceConditions {
    /// Of an http backend: whether a connection comes about.
    static func backendReady(_ service: DataPlaneService, _ state: BackendState) -> Condition {
        if let missing = missing(service, served: [.route], "an http backend serves routes only") { return missing }
        return switch state {
        case .unchecked:
            ready(service, .unknown, "BackendNotChecked", "nobody has connected to the backend yet")
        case .reachable: ready(service, .isTrue, "BackendReachable", "the backend takes connections")
        case .unreachable(let why): ready(service, .isFalse, "BackendUnreachable", why)
        }
    }

    /// Of the upstream: whether there is one.
    ///
    /// Whether it answers shows in its answers.
    static func upstreamReady(_ service: DataPlaneService, _ isConfigured: Bool) -> Condition {
        var served: Set<ServiceType> = [.query, .health, .resource, .dataSourceProxy, .route]
        if !service.spec.pluginID.isEmpty { served.insert(.metrics) }
        if let missing = missing(service, served: served, "the upstream offers no such service") { return missing }
        guard isConfigured else {
            return ready(service, .isFalse, "UpstreamNotConfigured", "the gateway was started without --upstream")
        }
        return ready(service, .isTrue, "UpstreamConfigured", "the upstream's own API answers")
    }

    private static func missing(
        _ service: DataPlaneService, served: Set<ServiceType>, _ why: String
    ) -> Condition? {
        let types = Set(service.spec.services.compactMap(\.serviceType)).subtracting(served)
        guard !types.isEmpty else { return nil }
        let names = types.map(\.rawValue).sorted().joined(separator: ", ")
        return ready(
            service, .isFalse, notImplemented, "\(why); these requests are answered with 501: \(names)")
    }

    private static func ready(
        _ service: DataPlaneService, _ status: Condition.Status, _ reason: String, _ message: String
    ) -> Condition {
        Condition(
            type: Condition.pluginReady, status: status, reason: reason, message: message,
            observedGeneration: service.metadata.generation)
    }
}
