import DataPlaneAPI
import PluginBridge
import PluginProtocol

/// What the conditions of a DataPlaneService should be.
enum ServiceConditions {
    /// Who answers an object's requests, and how they are.
    enum Answerer {
        case plugin(PluginState)
        case http(BackendState)
        case upstream(isConfigured: Bool)
        /// What was found before holds until something else turns out.
        case standing(Condition)
    }

    /// The reason when who answers doesn't offer what an object claims.
    static let notImplemented = "ServiceTypeNotImplemented"

    /// `Accepted`, `PluginReady` and their summary `Available`.
    ///
    /// - Parameters:
    ///   - service: the object.
    ///   - conflict: what an older object claims already.
    ///   - answerer: the state of whoever answers.
    ///   - lacksSource: whether routes of the object need a data source, and there is none to choose.
    static func of(
        _ service: DataPlaneService, conflict: RouteConflict?, answerer: Answerer,
        lacksSource: (PluginInstance) -> Bool = { _ in false }
    ) -> [Condition] {
        let generation = service.metadata.generation
        let ready =
            switch answerer {
            case .plugin(let plugin): pluginReady(service, plugin, generation, lacksSource)
            case .http(let state): backendReady(service, state)
            case .upstream(let isConfigured): upstreamReady(service, isConfigured)
            case .standing(let condition): condition
            }
        let own = [accepted(service, conflict, generation), ready]
        var summarised = own
        summarised.summarise(observedGeneration: generation, now: "")
        return summarised
    }

    private static func accepted(
        _ service: DataPlaneService, _ conflict: RouteConflict?, _ generation: Int
    ) -> Condition {
        if let conflict {
            return Condition(
                type: Condition.accepted, status: .isFalse, reason: "RouteConflict",
                message: "the \(conflict.route) is already claimed by \(conflict.winner), which is older",
                observedGeneration: generation)
        }
        let unserved = Set(service.spec.services.compactMap(\.serviceType)).subtracting(RouteTable.served).map(
            \.rawValue)
        if !unserved.isEmpty {
            return Condition(
                type: Condition.accepted, status: .isFalse, reason: "ServiceTypeNotServed",
                message: "this version does not serve: \(unserved.sorted().joined(separator: ", "))",
                observedGeneration: generation)
        }
        return Condition(
            type: Condition.accepted, status: .isTrue, reason: "RoutesRegistered", message: "the routes are registered",
            observedGeneration: generation)
    }

    private static func pluginReady(
        _ service: DataPlaneService, _ plugin: PluginState, _ generation: Int, _ lacksSource: (PluginInstance) -> Bool
    ) -> Condition {
        // The gateway itself connects to the data source.
        if !service.spec.services.isEmpty, service.spec.services.allSatisfy({ $0.serviceType == .dataSourceProxy }) {
            return Condition(
                type: Condition.pluginReady, status: .isTrue, reason: "PluginNotNeeded",
                message: "the services need no process of the plugin", observedGeneration: generation)
        }
        return switch plugin {
        case .ready(let instance):
            missing(service, instance, generation)
                ?? (lacksSource(instance) ? noSource(service, generation) : nil)
                ?? Condition(
                    type: Condition.pluginReady, status: .isTrue, reason: "PluginReady", message: "the plugin answers",
                    observedGeneration: generation)
        case .down(let down):
            // A start that follows a failed one is no news: what failed is.
            Condition(
                type: Condition.pluginReady, status: down.phase == .starting && !down.hasFailed ? .unknown : .isFalse,
                reason: down.phase.conditionReason, message: down.lastingMessage, observedGeneration: generation)
        }
    }
}

extension ServiceConditions {
    /// Whether an object has routes that go to a data source which the path doesn't name.
    static func needsDataSource(_ service: DataPlaneService) -> Bool {
        service.spec.backend.kind == .plugin && service.spec.pluginType != "app"
            && service.spec.services.contains { $0.serviceType == .route }
    }

    private static func noSource(_ service: DataPlaneService, _ generation: Int) -> Condition {
        Condition(
            type: Condition.pluginReady, status: .isFalse, reason: "DataSourceNotFound",
            message:
                "the services of type route need a data source of type \(service.spec.pluginID), and no organisation has "
                + "one that can be chosen: the only one, or the default; these requests are answered with 404",
            observedGeneration: generation)
    }

    /// The condition when the process has said that it doesn't implement what the object offers.
    private static func missing(
        _ service: DataPlaneService, _ instance: PluginInstance, _ generation: Int
    ) -> Condition? {
        let types = Set(
            service.spec.services.compactMap(\.serviceType).filter { $0.methods.contains(where: instance.isMissing) })
        guard !types.isEmpty else { return nil }
        let names = types.map(\.rawValue).sorted().joined(separator: ", ")
        return Condition(
            type: Condition.pluginReady, status: .isFalse, reason: notImplemented,
            message: "the plugin does not implement: \(names); these requests are answered with 501",
            observedGeneration: generation)
    }
}

extension ServiceType {
    /// The calls without which a plugin doesn't have the service at all.
    var methods: [PluginMethod] {
        switch self {
        case .query: [.queryData]
        case .stream: [.subscribeStream]
        case .resource, .route: [.callResource]
        case .health: [.checkHealth]
        case .metrics: [.collectMetrics]
        case .admission: [.validateAdmission, .mutateAdmission]
        case .conversion: [.convertObjects]
        case .dataSourceProxy: []
        }
    }
}

extension PluginPhase {
    /// The reason in a condition.
    var conditionReason: String {
        switch self {
        case .starting: "PluginStarting"
        case .ready: "PluginReady"
        case .degraded: "PluginNotAnswering"
        case .backingOff: "PluginBackingOff"
        case .crashLooping: "PluginCrashLooping"
        case .stopped: "PluginStopped"
        case .missing: "PluginNotFound"
        }
    }
}
