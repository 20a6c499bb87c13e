import DataPlaneAPI
import Synchronization
import Testing

@testable import Storage

/// What every storage must do; each implementation passes it.
struct StorageSuite {
    /// The implementations.
    enum Implementation: CaseIterable, Sendable {
        case sqlite, memory

        func make(_ folder: TemporaryFolder) async throws -> any ObjectStorage {
            switch self {
            case .sqlite: try await SQLiteStorage.open(folder.file("store.db"))
            case .memory: MemoryStorage()
            }
        }
    }

    @Test(arguments: Implementation.allCases)
    func `a commit is made where its precondition holds, and numbers rise`(_ kind: Implementation) async throws {
        let folder = try TemporaryFolder()
        let storage = try await kind.make(folder)
        let key = Samples.key("a")
        let start = try await storage.newest()
        let first = try await storage.make("a")
        #expect(first > start)
        let present = Record(key: key, version: first, content: Samples.content("a"))
        #expect(try await storage.get(key) == present)
        #expect(try await storage.commit(key, .absent, Samples.content("a")) == .conflict(present))
        #expect(try await storage.commit(key, .version(first - 1), Samples.content("a")) == .conflict(present))
        #expect(try await storage.commit(key, .version(first - 1), nil) == .conflict(present))
        #expect(try await storage.commit(Samples.key("b"), .version(1), nil) == .conflict(nil))
        #expect(try await storage.newest() == first)
        let second = try await storage.commit(key, .version(first), Samples.content("a", 1, note: "n"))
        #expect(second == .committed(first + 1))
        #expect(try await storage.get(key)?.content == Samples.content("a", 1, note: "n"))
        #expect(try await storage.commit(key, .version(first + 1), nil) == .committed(first + 2))
        #expect(try await storage.get(key) == nil)
        #expect(try await storage.newest() == first + 2)
    }

    @Test(arguments: Implementation.allCases)
    func `of concurrent commits on one version exactly one is made`(_ kind: Implementation) async throws {
        let folder = try TemporaryFolder()
        let storage = try await kind.make(folder)
        let version = try await storage.make("a")
        let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
            for value in 0..<50 {
                group.addTask {
                    let result = try await storage.commit(
                        Samples.key("a"), .version(version), Samples.content("a", value))
                    return result == .committed(version + 1)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
        #expect(try await storage.newest() == version + 1)
    }

    @Test(arguments: Implementation.allCases)
    func `commits side by side each get a number of their own`(_ kind: Implementation) async throws {
        let folder = try TemporaryFolder()
        let storage = try await kind.make(folder)
        let start = try await storage.newest()
        let versions = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<600 { group.addTask { try await storage.make("n\(number)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(versions.sorted() == Array(start + 1...start + 600))
        let loaded = Mutex<[Record]>([])
        let state = try await storage.load { page in loaded.withLock { $0 += page } }
        #expect(state.version == start + 600)
        #expect(Set(loaded.withLock { $0 }.map(\.key.name)).count == 600)
    }

    @Test(arguments: Implementation.allCases)
    func `whoever follows hears of every change, first of those in the history`(_ kind: Implementation) async throws {
        let folder = try TemporaryFolder()
        let storage = try await kind.make(folder)
        let start = try await storage.newest()
        let first = try await storage.make("a")
        _ = try await storage.commit(Samples.key("a"), .version(first), Samples.content("a", 1))
        let heard = Mutex<[Change]>([])
        try await storage.follow(after: start) { signal in
            if case .changes(let changes, _) = signal { heard.withLock { $0 += changes } }
        }
        _ = try await storage.commit(Samples.key("a"), .version(first + 1), nil)
        _ = try await storage.make("b")
        let changes = heard.withLock { $0 }
        #expect(changes.map(\.version) == Array(first...first + 3))
        #expect(changes.map(\.key.name) == ["a", "a", "a", "b"])
        #expect(
            changes.map(\.new?.content)
                == [Samples.content("a"), Samples.content("a", 1), nil, Samples.content("b")])
        // The state before, where it is told: the version it had, too.
        #expect(changes.map(\.old?.version) == [nil, first, first + 1, nil])
    }

    @Test(arguments: Implementation.allCases)
    func `what was compacted can't be followed`(_ kind: Implementation) async throws {
        let folder = try TemporaryFolder()
        let storage = try await kind.make(folder)
        let first = try await storage.make("a")
        let last = try await storage.make("b")
        try await storage.compact(before: first)
        let heard = Mutex<[Int]>([])
        @Sendable func listen(_ signal: StorageSignal) {
            switch signal {
            case .lost(let oldest): heard.withLock { $0.append(-oldest) }
            case .changes(let changes, _): heard.withLock { $0 += changes.map(\.version) }
            case .progress: break
            }
        }
        try await storage.follow(after: first - 1) { listen($0) }
        #expect(heard.withLock { $0 } == [-first])
        try await storage.follow(after: first) { listen($0) }
        #expect(heard.withLock { $0 } == [-first, last])
    }
}
