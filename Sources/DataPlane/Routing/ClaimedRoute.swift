import DataPlaneAPI
import Synchronization

/// One claimed route: which object claims it, and which plugin answers.
package final class ClaimedRoute: Sendable {
    /// The DataPlaneService's name.
    package let objectName: String
    /// The service type.
    package let type: ServiceType
    /// What the route alone decides, made with it.
    let prepared: PreparedRoute
    /// The API group.
    package let group: String
    /// The API version.
    package let version: String
    /// The plugin that answers; may be empty where the backend is no plugin.
    package let pluginID: String
    /// Who answers.
    package let backend: RouteBackend
    /// Whether it belongs to an app plugin rather than to data sources.
    package let isApp: Bool
    /// What a route of type `route` claims; nil for the others.
    package let claim: RouteClaim?
    /// What bounds its requests: the service's own limits, else the object's, else the gateway's settings.
    package let limits: EffectiveLimits
    /// The same without the gateway's settings: what the object itself says.
    let given: ServiceLimits
    /// How many requests of the service may be under way.
    let serviceGate: ConcurrencyGate?
    /// How many requests of the whole object may be under way.
    let objectGate: ConcurrencyGate?

    init(
        _ service: DataPlaneService, _ entry: ServiceEntry, backend: RouteBackend = .plugin(fallback: false),
        claim: RouteClaim? = nil, gates: ConcurrencyGates, defaults: EffectiveLimits.Defaults
    ) {
        let spec = service.spec
        objectName = service.metadata.name
        type = entry.serviceType ?? .route
        group = spec.group
        version = spec.version
        prepared = PreparedRoute(GroupPlace(service), type)
        pluginID = spec.pluginID
        self.backend = backend
        isApp = spec.pluginType == "app"
        self.claim = claim
        limits = spec.limits(of: entry, defaults: defaults)
        given = ServiceLimits(
            timeoutSeconds: entry.limits?.timeoutSeconds ?? spec.limits?.timeoutSeconds,
            maxRequestBytes: entry.limits?.maxRequestBytes ?? spec.limits?.maxRequestBytes,
            maxResponseBytes: entry.limits?.maxResponseBytes ?? spec.limits?.maxResponseBytes)
        let name = service.metadata.name
        serviceGate = gates.gate(
            "\(name)/\(entry.type)/\(entry.method)/\(entry.path)", limit: limits.maxConcurrentRequests)
        objectGate = gates.gate(name, limit: limits.maxConcurrentRequestsOfObject)
    }

    /// The path with its parameters, for people.
    package var pathPattern: String {
        let root = "/apis/\(group)/\(version)"
        let scope = "\(root)/namespaces/{ns}/\(isApp ? "app/instance" : "{datasources|connections}/{uid}")"
        switch type {
        case .query: return "\(root)/namespaces/{ns}/{datasources|connections}/{uid}/query"
        case .resource: return "\(scope)/resources/{path...}"
        case .health: return "\(scope)/health"
        case .stream: return "\(scope)/stream/{path...}"
        case .dataSourceProxy: return "\(scope)/proxy/{path...}"
        case .metrics: return "\(root)/metrics"
        case .admission: return "\(root)/admission/{mutate|validate}"
        case .conversion: return "\(root)/conversion"
        case .route:
            let method = claim.map { $0.method.isEmpty ? "" : "\($0.method) " } ?? ""
            return "\(method)\(root)/namespaces/{ns}\(claim.map { "\($0.pattern)" } ?? "")"
        }
    }
}

/// Lets so many requests in at a time, on all event loops together.
final class ConcurrencyGate: Sendable {
    let limit: Int
    private let count = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// Lets one in; false when the place is full.
    ///
    /// Whoever was let in leaves once.
    func enter() -> Bool {
        guard count.add(1, ordering: .relaxed).newValue > limit else { return true }
        leave()
        return false
    }

    func leave() { count.subtract(1, ordering: .relaxed) }
}

/// The gates of all objects: one that stays keeps its count from one table to the next.
final class ConcurrencyGates: Sendable {
    private let known: Mutex<[String: ConcurrencyGate]>
    private let previous: [String: ConcurrencyGate]

    init(after previous: ConcurrencyGates?) {
        self.previous = previous?.known.withLock { $0 } ?? [:]
        known = Mutex([:])
    }

    func gate(_ key: String, limit: Int?) -> ConcurrencyGate? {
        guard let limit else { return nil }
        return known.withLock { known in
            if let made = known[key] { return made }
            let gate = previous[key].flatMap { $0.limit == limit ? $0 : nil } ?? ConcurrencyGate(limit: limit)
            known[key] = gate
            return gate
        }
    }
}
