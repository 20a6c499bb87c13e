import DataPlaneAPI

/// Looks at the HTTP servers that objects name, again and again.
actor BackendFollower {
    /// Between two rounds.
    private static let interval = Duration.seconds(5)
    /// Objects looked at together.
    private static let width = 32

    private struct Entry {
        var service: DataPlaneService
        var state = BackendState.unchecked
        /// Whether the last look failed; a second one in a row takes a backend that was there for gone.
        var isDoubtful = false
    }

    private let probe: BackendProbe
    private var entries: [String: Entry] = [:]
    private let (news, newsFeed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    init(_ probe: BackendProbe) {
        self.probe = probe
    }

    /// Follows the backends of these objects and no others.
    func keep(_ services: [DataPlaneService]) {
        var kept: [String: Entry] = [:]
        var hasNew = false
        for service in services where service.spec.backend.kind == .http {
            let name = service.metadata.name
            if let known = entries[name], known.service.spec.backend == service.spec.backend {
                kept[name] = known
            } else {
                kept[name] = Entry(service: service)
                hasNew = true
            }
        }
        entries = kept
        if hasNew { newsFeed.yield() }
    }

    /// What is known of an object's backend.
    func state(_ name: String) -> BackendState { entries[name]?.state ?? .unchecked }

    /// Looks at all of them, at new ones at once, until the task is cancelled; tells whose state has changed.
    func run(_ changed: @escaping @Sendable (String) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in self.news { await self.look(onlyNew: true, changed) }
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil {
                    self.probe.startRound()
                    await self.look(onlyNew: false, changed)
                }
            }
        }
    }

    private func look(onlyNew: Bool, _ changed: @escaping @Sendable (String) async -> Void) async {
        var due = entries.values.filter { !onlyNew || $0.state == .unchecked }.map(\.service)
        while !due.isEmpty, !Task.isCancelled {
            let batch = due.suffix(Self.width)
            due.removeLast(batch.count)
            await withTaskGroup(of: (DataPlaneService, BackendState).self) { group in
                for service in batch { group.addTask { (service, await self.probe.state(service)) } }
                for await (service, found) in group where note(service, found) {
                    await changed(service.metadata.name)
                }
            }
        }
    }

    /// Takes over what was found; returns whether it is news.
    private func note(_ service: DataPlaneService, _ found: BackendState) -> Bool {
        let name = service.metadata.name
        guard var entry = entries[name], entry.service.spec.backend == service.spec.backend else { return false }
        let isFirstFailure = entry.state == .reachable && found != .reachable && !entry.isDoubtful
        entry.isDoubtful = isFirstFailure
        let isNews = !isFirstFailure && entry.state != found
        if isNews { entry.state = found }
        entries[name] = entry
        return isNews
    }
}
