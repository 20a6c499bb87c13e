import DataPlaneAPI
import Synchronization

/// All objects in memory, kept in step with a storage: reads and watches are served from here and never wait for writes.
package final class WatchCache: Sendable {
    /// Limits of a cache.
    package struct Settings: Sendable, Hashable {
        /// How many changes of a kind are kept for watches that start in the past or lag behind.
        package var historyLimit = 4_096
        /// How many bytes of states that are no more those changes may hold, for each kind.
        package var historyBytes = 32 << 20

        /// The default limits.
        package init() {}
    }

    private struct Kind {
        var objects = SortedMap()
        var ring: EventRing
    }

    private struct State {
        var version = 0
        /// The oldest version that a kind's history may start with.
        var oldest = 0
        var kinds: [ResourceID: Kind] = [:]

        /// The kind, also one without objects.
        func kind(_ id: ResourceID) -> Kind { kinds[id] ?? Kind(ring: EventRing(start: oldest)) }
    }

    /// The storage behind it.
    package let storage: any ObjectStorage
    private let settings: Settings
    private let state = Mutex(State())
    let observers = Observers()
    let waiting = VersionWaiters()

    /// Loads everything that a storage holds, and follows it from then on.
    ///
    /// The kept history comes along, so that watches which start in it go on after a restart.
    ///
    /// - Throws: what the storage throws, and for an object that can't be read.
    package init(_ storage: any ObjectStorage, settings: Settings = Settings()) async throws(GatewayError) {
        self.storage = storage
        self.settings = settings
        let records = Mutex<[Record]>([])
        let loaded = try await storage.load { (page) throws(GatewayError) in
            records.withLock { $0 += page }
        }
        var kinds: [ResourceID: [StoredObject]] = [:]
        for record in records.withLock({ all in
            defer { all = [] }
            return all
        }) {
            kinds[record.key.resource, default: []].append(try StoredObject(record))
        }
        let sorted = kinds.mapValues { objects in
            SortedMap(
                sorted: objects.sorted {
                    SortedMap.precedes(($0.key.namespace, $0.key.name), ($1.key.namespace, $1.key.name))
                })
        }
        state.withLock { state in
            state.version = loaded.version
            state.oldest = loaded.oldest
            state.kinds = sorted.mapValues { Kind(objects: $0, ring: EventRing(start: loaded.oldest)) }
        }
        let fault = Mutex<GatewayError?>(nil)
        try await storage.follow(after: loaded.oldest) { [weak self] signal in
            do throws(GatewayError) { try self?.take(signal) } catch { fault.withLock { $0 = error } }
        }
        if let fault = fault.withLock({ $0 }) { throw fault }
    }

    // MARK: Following the storage

    private func take(_ signal: StorageSignal) throws(GatewayError) {
        switch signal {
        case .changes(let changes, let version): try take(changes, upTo: version)
        case .progress(let version):
            state.withLock { $0.version = max($0.version, version) }
            arrived(version)
        // What was loaded is no older than the history: this is a storage that compacts behind our back.
        case .lost(let oldest): throw .tooOld(requested: "\(version)", oldest: "\(oldest)")
        }
    }

    private func take(_ changes: [Change], upTo version: Int) throws(GatewayError) {
        // Reading texts is done before anybody is kept waiting.
        let present = self.version
        var states: [(new: StoredObject?, old: StoredObject?)] = []
        for change in changes {
            var state: (new: StoredObject?, old: StoredObject?)
            if change.version <= present {
                if let new = change.new { state.new = try StoredObject(new) }
                if let old = change.old { state.old = try StoredObject(old) }
            } else {
                // The state before is known here. What somebody else wrote and can't be read is as good as gone.
                state.new = change.new.flatMap { try? StoredObject($0) }
            }
            states.append(state)
        }
        // Nobody else changes anything meanwhile: what is made of it is put in place in one step, and readers wait no longer
        // than that takes.
        let (before, oldest) = state.withLock { ($0.version, $0.oldest) }
        var maps: [ResourceID: SortedMap] = [:]
        for id in Set(changes.map(\.key.resource)) {
            maps[id] = state.withLock { $0.kinds[id]?.objects } ?? SortedMap()
        }
        var events: [(ResourceID, Event)] = []
        for (change, (new, old)) in zip(changes, states) {
            // What was loaded has the changes of the history already; only the past is made of those.
            let isPast = change.version <= before
            let (id, key) = (change.key.resource, change.key)
            let known = isPast ? nil : maps[id]?.find(namespace: key.namespace, name: key.name)
            if let event = Self.event(new, known ?? old, change.version) { events.append((id, event)) }
            guard !isPast else { continue }
            if let new {
                maps[id]?.insert(new)
            } else {
                maps[id]?.remove(namespace: key.namespace, name: key.name)
            }
        }
        let limit = EventRing.Limit(events: settings.historyLimit, bytes: settings.historyBytes)
        let isNew = state.withLock { state in
            for (id, map) in maps {
                var kind = state.kinds.removeValue(forKey: id) ?? Kind(ring: EventRing(start: oldest))
                // What was there before is freed behind the lock.
                maps[id] = kind.objects
                kind.objects = map
                for (place, event) in events where place == id { kind.ring.append(event, limit) }
                state.kinds[id] = kind
            }
            state.version = max(before, version)
            return version > before
        }
        if isNew { arrived(version) }
    }

    private static func event(_ new: StoredObject?, _ old: StoredObject?, _ version: Int) -> Event? {
        if let new { return Event(old == nil ? .added : .modified, new, previous: old) }
        return old.map { Event(.deleted, $0.numbered(version), previous: $0) }
    }

    private func arrived(_ version: Int) {
        waiting.arrived(version)
        observers.wake()
    }

    // MARK: Reading

    /// The newest version that is known here.
    package var version: Int { state.withLock { $0.version } }

    /// One object.
    package func find(_ key: ObjectKey) -> StoredObject? {
        state.withLock { $0.kinds[key.resource]?.objects }?.find(namespace: key.namespace, name: key.name)
    }

    /// All objects of a kind as they are now.
    package func state(_ id: ResourceID) -> KindState {
        state.withLock { state in
            let kind = state.kind(id)
            return KindState(version: state.version, number: kind.ring.next, objects: kind.objects)
        }
    }

    /// All objects of a kind as they were at a version; nil when the history doesn't reach back as far.
    package func state(_ id: ResourceID, at version: Int) -> KindState? {
        let (now, later) = state.withLock { state -> (KindState, [Event]?) in
            let kind = state.kind(id)
            let number = kind.ring.number(after: version)
            let now = KindState(version: version, number: number ?? 0, objects: kind.objects)
            return (now, number.flatMap { kind.ring.events(from: $0, atMost: .max / 2) })
        }
        guard let later else { return nil }
        var objects = now.objects
        for event in later.reversed() {
            if let previous = event.previous {
                objects.insert(previous)
            } else {
                objects.remove(namespace: event.object.key.namespace, name: event.object.key.name)
            }
        }
        return KindState(version: version, number: now.number, objects: objects)
    }

    // MARK: Events

    /// Where in the history of a kind something starts.
    package enum Cursor: Sendable, Hashable {
        /// With the event of this number.
        case at(Int)
        /// Nowhere: the history starts after this version.
        case expired(oldest: Int)
    }

    /// Where the changes of a kind after a version start.
    package func cursor(_ id: ResourceID, after version: Int) -> Cursor {
        state.withLock { state in
            let ring = state.kind(id).ring
            return ring.number(after: version).map { .at($0) } ?? .expired(oldest: ring.start)
        }
    }

    /// Events of a kind that follow each other.
    package struct Batch: Sendable {
        /// The events, the first with the number that was asked for.
        package let events: [Event]
        /// The number of the event that follows the last one there is.
        package let end: Int
        /// The number of the oldest event that is kept.
        package let oldest: Int
        /// The version of the store when everything up to `end` was delivered.
        package let version: Int
    }

    /// Events of a kind from a number on; nil when the first of them is no longer there.
    package func events(_ id: ResourceID, from number: Int, atMost count: Int) -> Batch? {
        state.withLock { state in
            let ring = state.kind(id).ring
            return ring.events(from: number, atMost: count).map {
                Batch(events: $0, end: ring.next, oldest: ring.first, version: state.version)
            }
        }
    }

    /// No events, and where the next one of a kind will be.
    package func end(_ id: ResourceID) -> Batch {
        state.withLock { state in
            let ring = state.kind(id).ring
            return Batch(events: [], end: ring.next, oldest: ring.first, version: state.version)
        }
    }

    /// Calls `wake` after every batch of changes, with nothing held, until the observation ends.
    package func observe(_ wake: @escaping @Sendable () -> Void) -> Observation { observers.add(wake) }

    // MARK: Writing

    /// Writes one object, or removes it for nil.
    ///
    /// When this returns, reads and watches have what was written, or in a conflict what was in the way.
    package func commit(
        _ key: ObjectKey, _ precondition: Precondition, _ content: RecordContent?
    ) async throws(GatewayError) -> CommitResult {
        // What can't be read again is never written.
        if let content { _ = try StoredObject(Record(key: key, version: 0, content: content)) }
        let result = try await storage.commit(key, precondition, content)
        let version =
            switch result {
            case .committed(let version): version
            case .conflict: try await storage.newest()
            }
        // There already, unless the storage tells of changes later than its commits return.
        _ = await reach(version, milliseconds: 5_000)
        return result
    }

    /// Waits until a version is here.
    ///
    /// - Returns: false when it took longer than that, or the task was cancelled.
    package func reach(_ version: Int, milliseconds: Int) async -> Bool {
        if self.version >= version { return true }
        return await waiting.reach(version, milliseconds: milliseconds) { self.version }
    }

    /// Closes the storage; whatever is written after that fails.
    package func close() async throws(GatewayError) { try await storage.close() }
}
