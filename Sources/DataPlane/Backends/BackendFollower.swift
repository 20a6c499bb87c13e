import DataPlaneAPI

/// Looks at the HTTP servers that objects name, again and again.
actor BackendFollower {
    /// Between two rounds, seconds.
    private static let interval = 5
    /// So many are looked at in a second at most: with more objects rounds are longer.
    private static let rate = 40
    /// Objects looked at together.
    private static let width = 128

    private struct Entry {
        var service: DataPlaneService
        var state = BackendState.unchecked
        /// Whether the last look failed; a second one in a row takes a backend that was there for gone.
        var isDoubtful = false
    }

    private let probe: BackendProbe
    private var entries: [String: Entry] = [:]
    private var underWay: Set<String> = []
    /// Names of those that nobody has looked at yet; they come first, so that servers which don't answer keep none waiting.
    private var fresh: [String] = []
    /// Names of the others that this round still has to look at.
    private var due: [String] = []
    private let (news, newsFeed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    init(_ probe: BackendProbe) {
        self.probe = probe
    }

    /// Follows the backend of an object as it is now; of one that has none, or is gone, nothing is kept.
    func follow(_ name: String, _ service: DataPlaneService?) {
        guard let service, service.spec.backend.kind == .http else {
            entries[name] = nil
            return
        }
        if let known = entries[name], known.service.spec.backend == service.spec.backend { return }
        entries[name] = Entry(service: service)
        fresh.append(name)
        newsFeed.yield()
    }

    /// What is known of an object's backend.
    func state(_ name: String) -> BackendState { entries[name]?.state ?? .unchecked }

    /// Looks at all of them, at new ones at once, until the task is cancelled; tells whose state has changed.
    func run(_ changed: @escaping @Sendable (String) async -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await Task.sleep(for: .seconds(await self.pause))) != nil { await self.startRound() }
            }
            for await _ in news {
                for service in takeDue() {
                    group.addTask { await self.look(service, changed) }
                }
            }
            group.cancelAll()
        }
    }

    private var pause: Int { max(Self.interval, entries.count / Self.rate) }

    private func startRound() {
        guard due.isEmpty else { return }
        probe.startRound()
        due = Array(entries.keys)
        newsFeed.yield()
    }

    /// The next ones to look at, as many as may be looked at together.
    private func takeDue() -> [DataPlaneService] {
        var taken: [DataPlaneService] = []
        var later: [String] = []
        while underWay.count < Self.width, let name = fresh.popLast() ?? due.popLast() {
            guard let entry = entries[name] else { continue }
            guard underWay.insert(name).inserted else {
                // Its backend was changed while somebody looks at the old one.
                if entry.state == .unchecked { later.append(name) }
                continue
            }
            taken.append(entry.service)
        }
        fresh += later
        return taken
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
