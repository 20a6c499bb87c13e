import APIServer
import DataPlaneAPI
import Logging
import PluginBridge
import SystemKit

/// Conditions, looked at one after the other and written where they differ.
extension ServiceController {
    /// So many are looked at side by side, and share what the disk takes.
    private static let width = 16
    /// More than this that one change concerns are no longer urgent: they are written at a bounded rate.
    private static let few = 64

    /// Has the conditions of objects looked at.
    func look(at names: some Collection<String>, isUrgent: Bool? = nil) {
        guard !names.isEmpty else { return }
        let isUrgent = isUrgent ?? (names.count <= Self.few)
        for name in names { queue.add(name, isUrgent: isUrgent && names.count <= 512) }
        workFeed.yield()
    }

    /// Looks at what is in the queue until the task is cancelled.
    func writeConditions() async {
        var pace = Pace(rate: 500, burst: 500)
        workFeed.yield()
        for await _ in work {
            while !Task.isCancelled {
                let batch = queue.take(atMost: Self.width)
                guard !batch.names.isEmpty else { break }
                let written = await withTaskGroup(of: Bool.self) { group in
                    for name in batch.names { group.addTask { await self.writeConditions(of: name) } }
                    var written = 0
                    for await isWritten in group where isWritten { written += 1 }
                    return written
                }
                guard !batch.isUrgent, written > 0 else { continue }
                let delay = pace.delay(after: written)
                if delay > .zero { try? await Task.sleep(for: delay) }
            }
        }
    }

    /// Writes the conditions of an object if they differ from what stands; says whether it did.
    private func writeConditions(of name: String) async -> Bool {
        // Those that are on their way are looked at again when they are there.
        guard let service = catalogue[name], !unpublished.contains(name) else { return false }
        var types: [String] = []
        if ServiceConditions.needsDataSource(service) {
            types = [service.spec.pluginID] + (await host.manifest(service.spec.pluginID)?.aliasIDs ?? [])
        }
        let answerer = await answerer(service)
        guard catalogue[name]?.metadata.generation == service.metadata.generation else { return false }
        let conditions = ServiceConditions.of(
            service, conflict: routes.conflict(of: service), answerer: answerer,
            lacksSource: { instance in
                guard let sources = self.sources, !types.isEmpty else { return false }
                return instance.needsDataSource ? !sources.hasStandard(types: types) : !sources.has(types: types)
            })
        var present = service.conditions
        guard conditions.contains(where: { present.set($0, now: "") }) else { return false }
        do throws(GatewayError) {
            return try await store.updateStatus(name: name, uid: service.metadata.uid, conditions: conditions)
        } catch {
            logger.error("conditions can't be written", metadata: ["object": "\(name)", "error": "\(error)"])
            return false
        }
    }

    /// Who answers for an object.
    ///
    /// What a condition says stays as it is while that is about to turn out: neither a restart of a plugin nor one of the
    /// gateway flaps it.
    private func answerer(_ service: DataPlaneService) async -> ServiceConditions.Answerer {
        let found = service.conditions[Condition.pluginReady]
        let standing = found.flatMap { $0.observedGeneration == service.metadata.generation ? $0 : nil }
        switch service.spec.backend.kind {
        case .http:
            let state = await backends?.state(service.metadata.name) ?? .unchecked
            if state == .unchecked, backends != nil, let standing { return .standing(standing) }
            return .http(state)
        case .upstream: return .upstream(isConfigured: hasUpstream)
        case .plugin, nil:
            let id = service.spec.pluginID
            let state = host.state(id)
            guard let standing else { return .plugin(state) }
            let isKept = PluginGrace.keeps(standing, graces[id]?.grace, state.phase, isAsked: probing[id] != nil)
            return isKept ? .standing(standing) : .plugin(state)
        }
    }
}
