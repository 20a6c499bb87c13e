import APIServer
import DataPlaneAPI
import Logging
import PluginBridge
import PluginProtocol
import Storage
import Synchronization
import SystemKit

/// Follows the DataPlaneServices in the store: publishes their routes, then says in their conditions how they are.
///
/// It keeps what it has read and touches what has changed: a change compiles the routes of its group and version alone, and
/// looks at the conditions of the objects that it concerns.
package actor ServiceController {
    /// So many changes are published together at most.
    private static let together = 512

    let store: WatchCache
    let host: PluginHost
    let logger = Logger(label: "dataplane")
    let hasUpstream: Bool
    let backends: BackendFollower?
    private let publisher: DataPlanePublisher
    private let defaults: EffectiveLimits.Defaults
    private let current = Mutex(RouteTable([]))
    /// What was read of the objects, and up to where.
    private var follower = ServiceFollower()
    /// What was read of the objects.
    var catalogue: ServiceCatalogue { follower.catalogue }
    /// Objects whose routes are on their way to the loops: nothing is said of them before they are there.
    var unpublished: Set<String> = []
    var sources: DataSourceTable?
    /// What objects offer of each plugin; nothing is taken out again.
    private var offered: [String: Set<PluginMethod>] = [:]
    /// What the running processes were asked about, by plugin id.
    private var probed: [String: (generation: Int, methods: Set<PluginMethod>)] = [:]
    /// How many such questions are under way, by plugin id.
    var probing: [String: Int] = [:]
    /// Plugins of which what stands in conditions is left standing for a while.
    var graces: [String: (grace: PluginGrace, end: Task<Void, Never>)] = [:]
    var queue = ConditionQueue()
    let (work, workFeed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

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
        let needing = catalogue.all.filter { service in
            service.spec.backend.kind == .plugin
                && !service.spec.services.allSatisfy { $0.serviceType == .dataSourceProxy }
        }
        return Set(needing.map(\.spec.pluginID)).subtracting([""])
    }

    /// Takes over other data sources: some objects need one.
    package func use(_ sources: DataSourceTable) {
        self.sources = sources
        look(at: catalogue.all.filter(ServiceConditions.needsDataSource).map(\.metadata.name))
    }

    // MARK: Objects

    /// Publishes what is stored; returns when every loop has it.
    ///
    /// Conditions are looked at by `run`.
    package func start() async {
        await reload()
        for id in catalogue.pluginIDs where host.state(id).phase == .starting { begin(.start, of: id) }
    }

    /// Follows store, plugins and backends until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.followStore() }
            group.addTask { await self.followPlugins() }
            group.addTask { await self.followBackends() }
            group.addTask { await self.writeConditions() }
        }
        for (_, end) in graces.values { end.cancel() }
    }

    private func followStore() async {
        let (changes, feed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let observation = store.observe { feed.yield() }
        defer { observation.end() }
        feed.yield()
        for await _ in changes {
            while !Task.isCancelled, await takeEvents() {}
        }
    }

    /// Takes over what has happened, in however many events; false when nothing has.
    private func takeEvents() async -> Bool {
        guard let batch = store.events(.dataPlaneServices, from: follower.seen, atMost: Self.together) else {
            // So much has happened that not all of it is kept: what counts is what is stored now.
            await reload()
            return true
        }
        guard !batch.events.isEmpty else { return false }
        await publish(follower.take(batch.events))
        return true
    }

    private func reload() async { await publish(follower.take(store.state(.dataPlaneServices))) }

    /// Brings changed routes to the loops, and has conditions looked at then: that something is available is true when it
    /// is said.
    private func publish(_ change: ServiceFollower.Change) async {
        for (name, error) in change.unreadable {
            logger.error("a DataPlaneService can't be read", metadata: ["object": "\(name)", "error": "\(error)"])
        }
        unpublished = Set(change.names)
        for name in change.backends { await backends?.follow(name, catalogue[name]) }
        var names = change.names
        if !change.places.isEmpty {
            let before = routes
            let services = change.places.map { ($0, catalogue.services(at: $0)) }
            let after = before.changing(Dictionary(uniqueKeysWithValues: services), defaults: defaults)
            await publisher.publish(after, changed: change.places)
            current.withLock { $0 = after }
            for place in change.places {
                names += Self.difference(
                    before.find(place)?.firstConflicts ?? [:], after.find(place)?.firstConflicts ?? [:])
            }
        }
        unpublished = []
        look(at: names, isUrgent: true)
        var plugins: Set<String> = []
        for service in change.backends.compactMap({ catalogue[$0] }) where service.spec.backend.kind == .plugin {
            offered[service.spec.pluginID, default: []].formUnion(
                service.spec.services.compactMap(\.serviceType).flatMap(\.methods))
            plugins.insert(service.spec.pluginID)
        }
        for id in plugins { probe(id) }
    }

    /// The objects that have lost a route to another one than before, or to none.
    private static func difference(
        _ before: [String: RouteConflict], _ after: [String: RouteConflict]
    ) -> [String] {
        guard !before.isEmpty || !after.isEmpty else { return [] }
        return Array(Set(before.keys).union(after.keys).filter { before[$0] != after[$0] })
    }

    // MARK: Plugins

    private func followPlugins() async {
        for await id in host.changes {
            switch PluginGrace.step(graces[id]?.grace, host.state(id).phase) {
            case .leave: break
            case .begin(let grace): begin(grace, of: id)
            case .end:
                graces.removeValue(forKey: id)?.end.cancel()
                probe(id)
                look(at: catalogue.names(of: id))
            }
        }
    }

    private func begin(_ grace: PluginGrace, of id: String) {
        graces.removeValue(forKey: id)?.end.cancel()
        let end = Task {
            guard (try? await Task.sleep(for: grace.time)) != nil else { return }
            graceIsOver(id)
        }
        graces[id] = (grace, end)
    }

    private func graceIsOver(_ id: String) {
        graces[id] = nil
        look(at: catalogue.names(of: id))
    }

    /// Asks a running plugin for what its objects offer, so that a missing service shows before the first request.
    ///
    /// What is missing comes back as a change of the plugin.
    private func probe(_ id: String) {
        guard case .ready(let instance) = host.state(id), let wanted = offered[id] else { return }
        var known = probed[id] ?? (instance.generation, [])
        if known.generation != instance.generation { known = (instance.generation, []) }
        let new = wanted.subtracting(known.methods)
        guard !new.isEmpty else { return }
        probed[id] = (instance.generation, known.methods.union(new))
        probing[id, default: 0] += 1
        Task {
            await MethodProbe.run(instance, methods: new.sorted { $0.rawValue < $1.rawValue })
            probeIsOver(id)
        }
    }

    private func probeIsOver(_ id: String) {
        let left = (probing[id] ?? 1) - 1
        probing[id] = left > 0 ? left : nil
        if left <= 0 { look(at: catalogue.names(of: id)) }
    }

    // MARK: Backends

    /// Looks at the conditions of objects whose backends have come or gone.
    private func followBackends() async {
        await backends?.run { name in await self.look(at: [name]) }
    }
}
