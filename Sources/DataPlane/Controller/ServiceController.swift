import APIServer
import DataPlaneAPI
import Logging
import PluginBridge
import PluginProtocol
import Storage
import Synchronization

/// Follows the DataPlaneServices in the store: publishes their routes, then says in their conditions how they are.
package actor ServiceController {
    /// A plugin that is down for less than this doesn't show in the conditions: a restart shall not flap them.
    private static let grace = Duration.seconds(3)

    private let store: WatchCache
    private let host: PluginHost
    private let publisher: DataPlanePublisher
    private let logger = Logger(label: "dataplane")
    private let defaults: EffectiveLimits.Defaults
    private let hasUpstream: Bool
    let backends: BackendFollower?
    private let current = Mutex(RouteTable([]))
    /// What the running processes were asked about, by plugin id.
    private var probed: [String: (generation: Int, methods: Set<PluginMethod>)] = [:]
    private(set) var services: [DataPlaneService] = []
    /// The number of the first event of DataPlaneServices that was not looked at.
    private var seen = -1
    /// What was read of each object, by name, so that only those are read again that changed.
    private var known: [String: (object: StoredObject, service: DataPlaneService)] = [:]
    private var sources: DataSourceTable?
    private var lateChecks: [String: Task<Void, Never>] = [:]

    /// A controller.
    ///
    /// - Parameters:
    ///   - probe: connects to the backends of objects; nil to leave them unchecked.
    ///   - hasUpstream: whether an upstream is configured.
    ///   - defaults: what bounds requests where an object says nothing.
    package init(
        store: WatchCache, host: PluginHost, publisher: DataPlanePublisher, probe: BackendProbe? = nil,
        hasUpstream: Bool = false, defaults: EffectiveLimits.Defaults = .init()
    ) {
        backends = probe.map(BackendFollower.init)
        self.hasUpstream = hasUpstream
        self.defaults = defaults
        self.store = store
        self.host = host
        self.publisher = publisher
    }

    /// The routes that are published now.
    package nonisolated var routes: RouteTable { current.withLock { $0 } }

    /// The plugins without a process of which some object can't be served; installed or not.
    package var neededPlugins: Set<String> {
        let needing = services.filter { service in
            service.spec.backend.kind == .plugin
                && !service.spec.services.allSatisfy { $0.serviceType == .dataSourceProxy }
        }
        return Set(needing.map(\.spec.pluginID)).subtracting([""])
    }

    /// Takes over other data sources: some objects need one.
    package func use(_ sources: DataSourceTable) async {
        self.sources = sources
        let routes = routes
        for service in services where ServiceConditions.needsDataSource(service) {
            await writeConditions(service, routes)
        }
    }

    /// Publishes what is stored; returns when every loop has it.
    package func synchronise() async throws(GatewayError) {
        let state = store.state(.dataPlaneServices)
        let items = try read(state)
        seen = state.number
        let routes = RouteTable(items, after: routes, defaults: defaults)
        if !Self.sameRoutes(items, services) { await publisher.publish(routes) }
        current.withLock { $0 = routes }
        services = items
        await backends?.keep(items)
        for service in items { await writeConditions(service, routes) }
        for id in Set(items.filter { $0.spec.backend.kind == .plugin }.map(\.spec.pluginID)) { probe(id) }
    }

    private func read(_ state: KindState) throws(GatewayError) -> [DataPlaneService] {
        var items: [DataPlaneService] = []
        var read: [String: (object: StoredObject, service: DataPlaneService)] = [:]
        var walk = state.walk()
        while let object = walk.next() {
            var entry = known[object.key.name]
            if entry?.object !== object { entry = (object, try DataPlaneService(object.body)) }
            guard let entry else { continue }
            read[object.key.name] = entry
            items.append(entry.service)
        }
        known = read
        return items
    }

    /// Asks a running plugin for what its objects offer, so that a missing service shows before the first request.
    ///
    /// What is missing comes back as a change of the plugin.
    private func probe(_ id: String) {
        guard case .ready(let instance) = host.state(id) else { return }
        let offered = services.filter { $0.spec.pluginID == id && $0.spec.backend.kind == .plugin }
        let wanted = Set(offered.flatMap(\.spec.services).compactMap(\.serviceType).flatMap(\.methods))
        var known = probed[id] ?? (instance.generation, [])
        if known.generation != instance.generation { known = (instance.generation, []) }
        let new = wanted.subtracting(known.methods)
        guard !new.isEmpty else { return }
        probed[id] = (instance.generation, known.methods.union(new))
        Task { await MethodProbe.run(instance, methods: new.sorted { $0.rawValue < $1.rawValue }) }
    }

    /// Follows store and plugins until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.followStore() }
            group.addTask { await self.followPlugins() }
            group.addTask { await self.followBackends() }
        }
        for task in lateChecks.values { task.cancel() }
    }

    /// Synchronises once for however many changes have gathered; what counts is what is stored now.
    private func followStore() async {
        let (changes, feed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let observation = store.observe { feed.yield() }
        defer { observation.end() }
        feed.yield()
        for await _ in changes where store.state(.dataPlaneServices).number != seen {
            do throws(GatewayError) { try await synchronise() } catch {
                logger.error("DataPlaneServices can't be followed", metadata: ["error": "\(error)"])
                _ = try? await Task.sleep(for: .seconds(1))
                feed.yield()
            }
        }
    }

    private func followPlugins() async {
        for await id in host.changes {
            let state = host.state(id)
            if state.phase == .ready || state.phase == .missing {
                // A plugin that was taken away is no restart: nothing is waited for.
                lateChecks.removeValue(forKey: id)?.cancel()
                await refresh(plugin: id)
                probe(id)
            } else if lateChecks[id] == nil {
                lateChecks[id] = Task {
                    guard (try? await Task.sleep(for: Self.grace)) != nil else { return }
                    self.lateCheckIsDue(id)
                    await self.refresh(plugin: id)
                }
            }
        }
    }

    /// Writes the conditions of objects whose backends have come or gone.
    private func followBackends() async {
        guard let backends else { return }
        await backends.run { name in
            guard let service = await self.services.first(where: { $0.metadata.name == name }) else { return }
            await self.writeConditions(service, self.routes)
        }
    }

    private func lateCheckIsDue(_ id: String) { lateChecks[id] = nil }

    private func refresh(plugin id: String) async {
        let routes = routes
        for service in services where service.spec.pluginID == id && service.spec.backend.kind == .plugin {
            await writeConditions(service, routes)
        }
    }

    private func writeConditions(_ service: DataPlaneService, _ routes: RouteTable) async {
        guard let answerer = await answerer(service) else { return }
        var types: [String] = []
        if ServiceConditions.needsDataSource(service) {
            types = [service.spec.pluginID] + (await host.manifest(service.spec.pluginID)?.aliasIDs ?? [])
        }
        let conditions = ServiceConditions.of(
            service, conflict: routes.conflict(of: service.metadata.name), answerer: answerer,
            lacksSource: { instance in
                guard let sources = self.sources, !types.isEmpty else { return false }
                return instance.needsDataSource ? !sources.hasStandard(types: types) : !sources.has(types: types)
            })
        var present = service.conditions
        guard conditions.contains(where: { present.set($0, now: "") }) else { return }
        do throws(GatewayError) {
            try await store.updateStatus(
                name: service.metadata.name, uid: service.metadata.uid, conditions: conditions)
        } catch {
            logger.error(
                "conditions can't be written", metadata: ["object": "\(service.metadata.name)", "error": "\(error)"])
        }
    }

    /// Who answers for an object; nil to leave its conditions as they are.
    private func answerer(_ service: DataPlaneService) async -> ServiceConditions.Answerer? {
        switch service.spec.backend.kind {
        case .http: return .http(await backends?.state(service.metadata.name) ?? .unchecked)
        case .upstream: return .upstream(isConfigured: hasUpstream)
        case .plugin, nil:
            let state = host.state(service.spec.pluginID)
            // While the grace period of a plugin that was fine runs, what stands is left standing.
            if case .down = state, lateChecks[service.spec.pluginID] != nil,
                service.conditions[Condition.pluginReady]?.status == .isTrue
            {
                return nil
            }
            return .plugin(state)
        }
    }

    /// Whether two lists claim the same; a change of conditions alone needs no new table.
    private static func sameRoutes(_ left: [DataPlaneService], _ right: [DataPlaneService]) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { $0.metadata.uid == $1.metadata.uid && $0.spec == $1.spec }
    }
}
