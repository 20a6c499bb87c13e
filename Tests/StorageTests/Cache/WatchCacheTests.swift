import DataPlaneAPI
import Synchronization
import Testing

@testable import Bytes
@testable import Storage

struct WatchCacheTests {
    private func put(
        _ cache: WatchCache, _ name: String, _ value: Int = 0, _ precondition: Precondition = .absent
    ) async throws -> Int {
        guard
            case .committed(let version) = try await cache.commit(
                Samples.key(name), precondition, Samples.content(name, value))
        else { throw GatewayError(.conflict, name) }
        return version
    }

    private func names(_ state: KindState) -> [String] {
        var walk = state.walk()
        var names: [String] = []
        while let object = walk.next() { names.append("\(object.key.name)@\(object.version)") }
        return names
    }

    private func events(_ cache: WatchCache, from number: Int) -> [String] {
        cache.events(Samples.kind, from: number, atMost: 100)?.events.map {
            "\($0.kind) \($0.object.key.name)@\($0.version) from \($0.previous.map { String($0.version) } ?? "nothing")"
        } ?? ["lost"]
    }

    /// A storage on another machine tells of a change after its commit returned; whoever wrote must see it all the same.
    @Test(arguments: [false, true])
    func `what was written is there when the call returns`(_ tellsLate: Bool) async throws {
        let cache = try await WatchCache(MemoryStorage(tellsLate: tellsLate))
        let version = try await put(cache, "a")
        #expect(cache.version == version)
        #expect(cache.find(Samples.key("a"))?.version == version)
        let second = try await put(cache, "a", 1, .version(version))
        #expect(cache.find(Samples.key("a"))?.body["metadata"]?["resourceVersion"] == .string("\(second)"))
        #expect(cache.find(Samples.key("a"))?.body["v"] == 1)
        #expect(try await cache.commit(Samples.key("a"), .version(second), nil) == .committed(second + 1))
        #expect(cache.find(Samples.key("a")) == nil)
        #expect(
            events(cache, from: 0) == [
                "added a@2 from nothing", "modified a@3 from 2", "deleted a@4 from 3",
            ])
    }

    @Test func `what can't be read is never written, and from elsewhere counts as gone`() async throws {
        let storage = MemoryStorage()
        let cache = try await WatchCache(storage)
        let version = try await put(cache, "a")
        let broken = RecordContent(bytes: Array("{".utf8))
        await #expect { try await cache.commit(Samples.key("b"), .absent, broken) } throws: {
            ($0 as? GatewayError)?.code == .internalError
        }
        #expect(try await storage.newest() == version)
        // Another gateway on the same storage.
        _ = try await storage.commit(Samples.key("a"), .version(version), broken)
        #expect(cache.version == version + 1 && names(cache.state(Samples.kind)).isEmpty)
        #expect(events(cache, from: 1) == ["deleted a@3 from 2"])
        _ = try await put(cache, "c")
        #expect(names(cache.state(Samples.kind)) == ["c@4"])
    }

    /// A list once waited for every write before it.
    @Test func `reads never wait for writes`() async throws {
        let storage = MemoryStorage()
        let cache = try await WatchCache(storage)
        _ = try await put(cache, "a")
        storage.hold()
        let writing = Task { try await put(cache, "b") }
        #expect(names(cache.state(Samples.kind)) == ["a@2"])
        #expect(cache.find(Samples.key("a")) != nil)
        storage.release()
        #expect(try await writing.value == 3)
        #expect(names(cache.state(Samples.kind)) == ["a@2", "b@3"])
    }

    @Test func `any state in the history can be had again`() async throws {
        var settings = WatchCache.Settings()
        settings.historyLimit = 4
        let cache = try await WatchCache(MemoryStorage(), settings: settings)
        _ = try await put(cache, "a")
        _ = try await put(cache, "b")
        _ = try await put(cache, "a", 1, .version(2))
        _ = try await cache.commit(Samples.key("b"), .version(3), nil)
        _ = try await put(cache, "c")
        #expect(names(cache.state(Samples.kind)) == ["a@4", "c@6"])
        let states = (1...6).map { cache.state(Samples.kind, at: $0).map(names) }
        #expect(states == [nil, ["a@2"], ["a@2", "b@3"], ["a@4", "b@3"], ["a@4"], ["a@4", "c@6"]])
        #expect(cache.cursor(Samples.kind, after: 1) == .expired(oldest: 2))
        #expect(cache.cursor(Samples.kind, after: 4) == .at(3))
        // Each kind has a history of its own.
        #expect(cache.cursor(Samples.otherKind, after: 0) == .at(0))
    }

    @Test func `after a restart a watch goes on where it was`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        var storage = try await SQLiteStorage.open(path)
        var cache = try await WatchCache(storage)
        _ = try await put(cache, "a")
        _ = try await put(cache, "b")
        _ = try await put(cache, "a", 1, .version(2))
        _ = try await cache.commit(Samples.key("b"), .version(3), nil)
        let before = events(cache, from: 0)
        try await cache.close()

        storage = try await SQLiteStorage.open(path)
        cache = try await WatchCache(storage)
        #expect(names(cache.state(Samples.kind)) == ["a@4"])
        #expect(cache.version == 5)
        #expect(events(cache, from: 0) == before)
        #expect(cache.cursor(Samples.kind, after: 3) == .at(2))
        #expect(cache.state(Samples.kind, at: 3).map(names) == ["a@2", "b@3"])
        _ = try await put(cache, "c")
        #expect(events(cache, from: 4) == ["added c@6 from nothing"])
        try await storage.compact(before: 4)
        try await cache.close()

        storage = try await SQLiteStorage.open(path)
        cache = try await WatchCache(storage)
        #expect(cache.cursor(Samples.kind, after: 3) == .expired(oldest: 4))
        #expect(cache.cursor(Samples.kind, after: 4) == .at(0))
        try await cache.close()
    }

    @Test func `whoever waits for a version goes on when it comes, or in time without it`() async throws {
        let cache = try await WatchCache(MemoryStorage())
        let waiting = Task { await cache.reach(3, milliseconds: 60_000) }
        while cache.waiting.count == 0 { await Task.yield() }
        _ = try await put(cache, "a")
        #expect(cache.waiting.count == 1)
        _ = try await put(cache, "b")
        #expect(await waiting.value)
        #expect(await cache.reach(99, milliseconds: 5) == false)
        let cancelled = Task { await cache.reach(99, milliseconds: 60_000) }
        while cache.waiting.count == 0 { await Task.yield() }
        cancelled.cancel()
        #expect(await cancelled.value == false)
        #expect(cache.waiting.count == 0)
    }

    @Test func `commits that were written together wake observers once`() async throws {
        let folder = try TemporaryFolder()
        let storage = try await SQLiteStorage.open(folder.file("store.db"))
        let cache = try await WatchCache(storage)
        let wakes = Atomic<Int>(0)
        let observation = cache.observe { wakes.add(1, ordering: .relaxed) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 { group.addTask { _ = try await put(cache, "n\(number)") } }
            try await group.waitForAll()
        }
        let count = wakes.load(ordering: .relaxed)
        #expect(count >= 1 && count < 200, "\(count)")
        observation.end()
        _ = try await put(cache, "last")
        #expect(wakes.load(ordering: .relaxed) == count)
        try await cache.close()
    }
}
