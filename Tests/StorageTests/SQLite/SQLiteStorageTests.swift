import DataPlaneAPI
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Storage

struct SQLiteStorageTests {
    @Test func `versions rise across reopening and are never used twice`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        var storage = try await SQLiteStorage.open(path)
        #expect(try await storage.newest() == 1)
        #expect(try await storage.make("a") == 2)
        #expect(try await storage.commit(Samples.key("a"), .version(2), nil) == .committed(3))
        try await storage.close()

        storage = try await SQLiteStorage.open(path)
        #expect(try await storage.newest() == 3)
        let content = Samples.content("a", note: "/etc/a.yaml")
        #expect(try await storage.commit(Samples.key("a"), .absent, content) == .committed(4))
        try await storage.close()

        storage = try await SQLiteStorage.open(path)
        #expect(try await storage.get(Samples.key("a"))?.content == content)
        try await storage.close()
    }

    @Test func `a file that is no database is refused with advice`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        try String(repeating: "this is no database. ", count: 500).write(
            toFile: path, atomically: true, encoding: .utf8)
        await #expect { try await SQLiteStorage.open(path) } throws: {
            ($0 as? GatewayError)?.message.contains("dataplane-gateway restore FILE") ?? false
        }
    }

    @Test func `a file of a newer gateway is refused`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        try await SQLiteStorage.open(path).close()
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "UPDATE store_schema SET version = 99") }
        try queue.close()
        await #expect { try await SQLiteStorage.open(path) } throws: {
            ($0 as? GatewayError)?.message.contains("schema version 99") ?? false
        }
    }

    @Test func `nobody else may read the files`() async throws {
        let folder = try TemporaryFolder()
        let storage = try await SQLiteStorage.open(folder.file("data/store.db"))
        _ = try await storage.make("a")
        for name in ["data", "data/store.db", "data/store.db-wal"] {
            let mode = try FileManager.default.attributesOfItem(atPath: folder.file(name))[.posixPermissions] as? Int
            #expect((mode ?? 0o777) & 0o077 == 0, "\(name)")
        }
        try await storage.close()
    }

    @Test func `a file that another store holds is refused`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        let storage = try await SQLiteStorage.open(path)
        await #expect { try await SQLiteStorage.open(path) } throws: {
            ($0 as? GatewayError)?.message.contains("another process") ?? false
        }
        try await storage.close()
    }

    @Test func `the history is bounded by changes and by bytes, also when it is opened`() async throws {
        let folder = try TemporaryFolder()
        func oldest(_ settings: SQLiteStorage.Settings, writes: Int) async throws -> Int {
            let storage = try await SQLiteStorage.open(folder.file("store.db"), settings: settings)
            for value in 0..<writes {
                let version = try await storage.get(Samples.key("a"))?.version
                let content = Samples.content("a", value)
                _ = try await storage.commit(Samples.key("a"), version.map { .version($0) } ?? .absent, content)
            }
            let state = try await storage.load { _ in }
            try await storage.close()
            return state.version - state.oldest
        }
        var settings = SQLiteStorage.Settings()
        settings.historyLimit = 20
        #expect(try await oldest(settings, writes: 50) == 20)
        settings.historyBytes = 5 * Samples.content("a", 10).bytes.count
        #expect(try await oldest(settings, writes: 0) == 5)
        #expect(try await oldest(settings, writes: 10) == 5)
        settings.historyBytes = 0
        #expect(try await oldest(settings, writes: 3) <= 1)
    }

    /// Sixteen bodies of 16 MiB must not wait in memory for a slow disk, nor a million small ones.
    @Test func `too many commits that wait are refused, and the others are made`() async throws {
        let folder = try TemporaryFolder()
        var settings = SQLiteStorage.Settings()
        settings.waitingCommits = 3
        let storage = try await SQLiteStorage.open(folder.file("store.db"), settings: settings)
        // Somebody else has the database: nothing is written until they are done.
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let blocker = Task {
            let isDone = DispatchSemaphore(value: 0)
            let waiter = Task {
                for await _ in ended {}
                isDone.signal()
            }
            _ = try await storage.access { _ in
                begin.finish()
                isDone.wait()
            }
            await waiter.value
        }
        for await _ in begun {}
        let first = Task { try await storage.make("first") }
        while !storage.waiting.withLock({ $0.isRunning && $0.count == 0 }) { await Task.yield() }
        let others = (0..<3).map { number in Task { try await storage.make("n\(number)") } }
        while storage.waiting.withLock({ $0.count }) < 3 { await Task.yield() }
        await #expect { try await storage.make("late") } throws: {
            let error = $0 as? GatewayError
            return error?.code == .serviceUnavailable && error?.retryAfterSeconds == 1
        }
        end.finish()
        try await blocker.value
        #expect(try await first.value == 2)
        for task in others { #expect(try await task.value > 2) }
        #expect(try await storage.make("late") == 6)
    }

    @Test func `the database of the first gateways opens, with its objects, history and versions`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        try await Self.writeFirstSchema(path)
        let storage = try await SQLiteStorage.open(path)
        let record = try await storage.get(Samples.key("a"))
        #expect(record?.version == 3 && record?.content.note == "/etc/a.yaml")
        #expect(
            record.map { String(decoding: $0.content.bytes, as: UTF8.self) }
                == #"{"kind":"Lamp","metadata":{"name":"a","uid":"u"},"v":2}"#)
        let heard = Mutex<[Change]>([])
        try await storage.follow(after: 1) { signal in
            if case .changes(let changes, _) = signal { heard.withLock { $0 = changes } }
        }
        let changes = heard.withLock { $0 }
        #expect(changes.map(\.version) == [2, 3, 4, 5])
        #expect(changes.map { $0.new == nil } == [false, false, false, true])
        #expect(changes.map(\.old?.version) == [nil, 2, nil, 4])
        #expect(changes[0].new == changes[1].old)
        #expect(try await storage.make("c") == 6)
        try await storage.close()
        // And once more, as the new one.
        let again = try await SQLiteStorage.open(path)
        #expect(try await again.newest() == 6)
        try await again.close()
    }

    /// What the first gateways wrote: a made and changed, b made and deleted.
    private static func writeFirstSchema(_ path: String) async throws {
        let queue = try DatabaseQueue(path: path)
        func body(_ name: String, _ version: Int, _ value: Int) -> String {
            #"{"kind":"Lamp","metadata":{"name":"\#(name)","uid":"u","resourceVersion":"\#(version)"},"v":\#(value)}"#
        }
        let (a2, a3, b4, b5) = (body("a", 2, 1), body("a", 3, 2), body("b", 4, 0), body("b", 5, 0))
        try await queue.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE store_schema (version INTEGER NOT NULL);
                    INSERT INTO store_schema VALUES (1);
                    CREATE TABLE revision (
                        id INTEGER PRIMARY KEY CHECK (id = 1), current INTEGER NOT NULL, compacted INTEGER NOT NULL
                    );
                    INSERT INTO revision (id, current, compacted) VALUES (1, 5, 0);
                    CREATE TABLE objects (
                        grp TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                        uid TEXT NOT NULL, rv INTEGER NOT NULL, manifest TEXT, body TEXT NOT NULL,
                        PRIMARY KEY (grp, resource, namespace, name)
                    ) WITHOUT ROWID;
                    CREATE TABLE history (
                        rv INTEGER PRIMARY KEY, grp TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL,
                        name TEXT NOT NULL, kind INTEGER NOT NULL, manifest TEXT, body TEXT NOT NULL, previous TEXT
                    );
                    """)
            let kind = ["shop.example.org", "lamps", ""]
            try db.execute(
                sql: "INSERT INTO objects VALUES (?, ?, ?, 'a', 'u', 3, '/etc/a.yaml', ?)",
                arguments: StatementArguments(kind + [a3]))
            let rows: [(Int, String, Int, String, String?)] = [
                (2, "a", 0, a2, nil), (3, "a", 1, a3, a2), (4, "b", 0, b4, nil), (5, "b", 2, b5, b4),
            ]
            for (version, name, type, body, previous) in rows {
                try db.execute(
                    sql: "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?)",
                    arguments: [version, kind[0], kind[1], kind[2], name, type, body, previous])
            }
        }
        try queue.close()
    }
}
