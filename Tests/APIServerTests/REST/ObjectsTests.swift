import DataPlaneAPI
import Storage
import Testing

@testable import APIServer
@testable import Bytes

struct ObjectsTests {
    @Test func `a name that is taken, missing or changed is told apart`() async throws {
        let folder = try TemporaryFolder()
        let store = try await WatchCache(SQLiteStorage.open(folder.file("store.db")))
        let object = try await store.create(Samples.key("a"), Samples.service("a"))
        await #expect { try await store.create(Samples.key("a"), Samples.service("a")) } throws: {
            ($0 as? GatewayError)?.code == .alreadyExists
        }
        await #expect { try await store.update(Samples.key("b"), .emptyObject, expecting: 1, note: nil) } throws: {
            ($0 as? GatewayError)?.code == .notFound
        }
        await #expect {
            try await store.update(Samples.key("a"), object.body, expecting: object.version - 1, note: nil)
        } throws: { ($0 as? GatewayError)?.code == .conflict }
        await #expect { try await store.delete(Samples.key("a"), Preconditions(uid: "other")) } throws: {
            ($0 as? GatewayError)?.code == .conflict
        }
        await #expect { try await store.delete(Samples.key("a"), Preconditions(resourceVersion: "1")) } throws: {
            ($0 as? GatewayError)?.code == .conflict
        }
        #expect(store.version == object.version)
        let gone = try await store.delete(Samples.key("a"))
        #expect(gone.version == object.version + 1)
        #expect(gone.body["metadata"]?["resourceVersion"] == .string("\(gone.version)"))
        try await store.close()
    }
}
