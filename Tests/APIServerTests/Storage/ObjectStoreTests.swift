import DataPlaneAPI
import Foundation
import GRDB
import Testing

@testable import APIServer

struct ObjectStoreTests {
    @Test func `versions rise across reopening and are never used twice`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        var store = try await ObjectStore.open(path)
        #expect(store.currentVersion == 1)
        let first = try await store.create(Samples.key("a"), Samples.service("a"))
        let gone = try await store.delete(Samples.key("a"))
        #expect(first.version == 2 && gone.version == 3)
        try store.close()

        store = try await ObjectStore.open(path)
        #expect(store.currentVersion == 3)
        let second = try await store.create(Samples.key("a"), Samples.service("a"), manifest: "/etc/a.yaml")
        #expect(second.version == 4)
        #expect(second.body["metadata"]?["resourceVersion"] == "4")
        try store.close()

        store = try await ObjectStore.open(path)
        let found = try await store.get(Samples.key("a"))
        #expect(found?.version == 4)
        #expect(found?.manifest == "/etc/a.yaml")
        #expect(found?.body == second.body)
    }

    @Test func `a name that is taken, missing or changed is told apart`() async throws {
        let folder = try TemporaryFolder()
        let store = try await ObjectStore.open(folder.file("store.db"))
        let object = try await store.create(Samples.key("a"), Samples.service("a"))
        await #expect { try await store.create(Samples.key("a"), Samples.service("a")) } throws: {
            ($0 as? GatewayError)?.code == .alreadyExists
        }
        await #expect { try await store.update(Samples.key("b"), .emptyObject, expecting: 1, manifest: nil) } throws: {
            ($0 as? GatewayError)?.code == .notFound
        }
        await #expect {
            try await store.update(Samples.key("a"), object.body, expecting: object.version - 1, manifest: nil)
        } throws: { ($0 as? GatewayError)?.code == .conflict }
        await #expect { try await store.delete(Samples.key("a"), Preconditions(uid: "other")) } throws: {
            ($0 as? GatewayError)?.code == .conflict
        }
        await #expect { try await store.delete(Samples.key("a"), Preconditions(resourceVersion: "1")) } throws: {
            ($0 as? GatewayError)?.code == .conflict
        }
        #expect(store.currentVersion == object.version)
    }

    @Test func `of concurrent updates of one version exactly one wins`() async throws {
        let folder = try TemporaryFolder()
        let store = try await ObjectStore.open(folder.file("store.db"))
        let object = try await store.create(Samples.key("a"), Samples.service("a"))
        let wins = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    (try? await store.update(
                        Samples.key("a"), object.body, expecting: object.version, manifest: nil)) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
        #expect(store.currentVersion == object.version + 1)
    }

    @Test func `a list comes in pages by name`() async throws {
        let folder = try TemporaryFolder()
        let store = try await ObjectStore.open(folder.file("store.db"))
        for name in ["c", "a", "e", "b", "d"] { _ = try await store.create(Samples.key(name), Samples.service(name)) }
        var names: [String] = []
        var after: ObjectKey?
        repeat {
            let page = try await store.list(.dataPlaneServices, limit: 2, after: after)
            names += page.items.map(\.key.name)
            #expect(page.remaining == 5 - names.count)
            after = page.hasMore ? page.items.last?.key : nil
        } while after != nil
        #expect(names == ["a", "b", "c", "d", "e"])
    }

    @Test func `a file that is no database is refused with advice`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("store.db", String(repeating: "this is no database. ", count: 500))
        await #expect { try await ObjectStore.open(folder.file("store.db")) } throws: {
            ($0 as? GatewayError)?.message.contains("dataplane-gateway restore FILE") ?? false
        }
    }

    @Test func `a file of a newer gateway is refused`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        try await ObjectStore.open(path).close()
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "UPDATE store_schema SET version = 99") }
        try queue.close()
        await #expect { try await ObjectStore.open(path) } throws: {
            ($0 as? GatewayError)?.message.contains("schema version 99") ?? false
        }
    }

    @Test func `nobody else may read the files`() async throws {
        let folder = try TemporaryFolder()
        let store = try await ObjectStore.open(folder.file("data/store.db"))
        _ = try await store.create(Samples.key("a"), Samples.service("a"))
        for name in ["data", "data/store.db", "data/store.db-wal"] {
            let mode = try FileManager.default.attributesOfItem(atPath: folder.file(name))[.posixPermissions] as? Int
            #expect((mode ?? 0o777) & 0o077 == 0, "\(name)")
        }
        try store.close()
    }

    @Test func `a file that another store holds is refused`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store.db")
        let store = try await ObjectStore.open(path)
        await #expect { try await ObjectStore.open(path) } throws: {
            ($0 as? GatewayError)?.message.contains("another process") ?? false
        }
        #expect(store.currentVersion == 1)
    }

    @Test func `conditions are written once and keep their time`() async throws {
        let folder = try TemporaryFolder()
        let store = try await ObjectStore.open(folder.file("store.db"))
        let object = try await store.create(Samples.key("a"), Samples.service("a"), manifest: "/etc/a.yaml")
        let ready = Condition(type: Condition.accepted, status: .isTrue, reason: "Ok", message: "fine")
        #expect(try await store.updateStatus(name: "a", uid: object.uid, conditions: [ready]))
        #expect(try await !store.updateStatus(name: "a", uid: object.uid, conditions: [ready]))
        #expect(try await !store.updateStatus(name: "a", uid: "other", conditions: [ready]))
        #expect(try await !store.updateStatus(name: "gone", conditions: [ready]))
        let (items, version) = try await store.dataPlaneServices()
        #expect(items.first?.conditions[Condition.accepted]?.status == .isTrue)
        #expect(items.first?.conditions[Condition.accepted]?.lastTransitionTime.isEmpty == false)
        #expect(version == object.version + 1)
        #expect(try await store.get(Samples.key("a"))?.manifest == "/etc/a.yaml")
    }
}
