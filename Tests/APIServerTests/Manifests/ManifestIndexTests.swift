import Bytes
import DataPlaneAPI
import Storage
import Testing

@testable import APIServer

/// What of the manifests needn't be read, because the store has it.
struct ManifestIndexTests {
    @Test func `a document is known when all of its objects are stored as it made them`() async throws {
        let folder = try TemporaryFolder()
        let store = try await WatchCache(SQLiteStorage.open(folder.file("store.db")))
        func create(_ name: String, _ note: ManifestNote?) async throws {
            _ = try await store.create(Samples.key(name), Samples.service(name), note: note?.text)
        }
        try await create("one", ManifestNote(file: "/m/a.yaml", hash: "h1", count: 1))
        try await create("two", ManifestNote(file: "/m/a.yaml", hash: "h2", count: 2))
        try await create("old", ManifestNote(file: "/m/old.yaml"))
        try await create("hand", nil)
        let index = ManifestIndex(store, Samples.registry().kinds)
        #expect(index.keys(file: "/m/a.yaml", hash: "h1") == [Samples.key("one")])
        // Of two objects one is missing; the hash of another file says nothing.
        #expect(index.keys(file: "/m/a.yaml", hash: "h2") == nil)
        #expect(index.keys(file: "/m/b.yaml", hash: "h1") == nil)
        #expect(index.holds([Samples.key("one"), Samples.key("two")], of: "/m/a.yaml"))
        #expect(!index.holds([Samples.key("hand")], of: "/m/a.yaml"))
        #expect(index.holdsAnything(of: "/m/old.yaml") && !index.holdsAnything(of: "/m/b.yaml"))
        try await store.close()
    }
}
