import DataPlaneAPI

/// Looks at the HTTP servers that objects name, again and again.
actor BackendFollower {
    /// Between two rounds.
    private static let interval = Duration.seconds(5)
    /// Objects looked at together.
    private static let width = 128

    private struct Entry {
        var service: DataPlaneService
        var state = BackendState.unchecked
        /// Whether it is to be looked at.
        var isDue = true
        /// Whether the last look failed; a second one in a row takes a backend that was there for gone.
        var isDoubtful = false
    }

    private let probe: BackendProbe
    private var entries: [String: Entry] = [:]
    private var underWay: Set<String> = []
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
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil { await self.startRound() }
            }
            for await _ in news {
                for service in takeDue() {
                    group.addTask { await self.look(service, changed) }
                }
            }
            group.cancelAll()
        }
    }

    private func startRound() {
        probe.startRound()
        for name in entries.keys { entries[name]?.isDue = true }
        newsFeed.yield()
    }

    /// The next ones to look at, as many as may be looked at together: those first that nobody has looked at yet, so
    /// that servers which don't answer keep none waiting.
    private func takeDue() -> [DataPlaneService] {
        let due = entries.filter { $0.value.isDue && !underWay.contains($0.key) }
            .sorted { ($0.value.state == .unchecked ? 0 : 1, $0.key) < ($1.value.state == .unchecked ? 0 : 1, $1.key) }
            .prefix(max(0, Self.width - underWay.count))
        for entry in due {
            entries[entry.key]?.isDue = false
            underWay.insert(entry.key)
        }
        return due.map(\.value.service)
    }

    private func look(_ service: DataPlaneService, _ changed: @Sendable (String) async -> Void) async {
        let found = await probe.state(service)
        let isNews = note(service, found)
        underWay.remove(service.metadata.name)
        // There is room for another one.
        newsFeed.yield()
        if isNews { await changed(service.metadata.name) }
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
