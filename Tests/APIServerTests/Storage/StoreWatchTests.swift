import DataPlaneAPI
import Testing

@testable import APIServer

struct StoreWatchTests {
    @Test func `a watch from a version replays what follows and goes on without a gap`() async throws {
        let folder = try TemporaryFolder()
        let store = try await ObjectStore.open(folder.file("store.db"))
        let writer = Task {
            for index in 0..<200 { _ = try await store.create(Samples.key("s\(index)"), Samples.service("s\(index)")) }
        }
        var versions: [Int] = []
        for _ in 0..<5 {
            let from = versions.last ?? 1
            let watch = try await store.watch(.dataPlaneServices, from: from)
            versions += watch.initial.map(\.object.version)
            guard versions.count < 150 else { break }
            for await signal in watch.signals {
                guard case .change(let event) = signal else { continue }
                versions.append(event.object.version)
                if versions.count % 30 == 0 { break }
            }
            watch.handle.end()
        }
        try await writer.value
        #expect(versions.count > 30)
        #expect(versions == Array(2..<(2 + versions.count)))
    }

    @Test func `the state comes first and every kind of change after it`() async throws {
        let folder = try TemporaryFolder()
        let store = try await ObjectStore.open(folder.file("store.db"))
        let object = try await store.create(Samples.key("a"), Samples.service("a"))
        let watch = try await store.watch(.dataPlaneServices)
        #expect(watch.initial.map(\.object.key.name) == ["a"])
        _ = try await store.update(
            Samples.key("a"), Samples.service("a", plugin: "b"), expecting: object.version, manifest: nil)
        _ = try await store.delete(Samples.key("a"))
        watch.handle.bookmark()
        watch.handle.end()
        var seen: [String] = []
        for await signal in watch.signals {
            switch signal {
            case .change(let event): seen.append("\(event.kind) \(event.object.version) \(event.previous != nil)")
            case .bookmark(let version): seen.append("bookmark \(version)")
            }
        }
        #expect(seen == ["modified 3 true", "deleted 4 true", "bookmark 4"])
    }

    @Test func `a watch from before the kept history is expired, also after reopening`() async throws {
        let folder = try TemporaryFolder()
        var settings = ObjectStore.Settings()
        settings.historyLimit = 5
        var store = try await ObjectStore.open(folder.file("store.db"), settings: settings)
        for index in 0..<10 { _ = try await store.create(Samples.key("s\(index)"), Samples.service("s\(index)")) }
        for round in 0..<2 {
            await #expect { try await store.watch(.dataPlaneServices, from: 5) } throws: {
                ($0 as? GatewayError)?.code == .expired
            }
            let watch = try await store.watch(.dataPlaneServices, from: 6)
            #expect(watch.initial.map(\.object.version) == [7, 8, 9, 10, 11])
            guard round == 0 else { break }
            try store.close()
            store = try await ObjectStore.open(folder.file("store.db"), settings: settings)
        }
    }

    @Test func `a watcher that doesn't read is cut and writers go on`() async throws {
        let folder = try TemporaryFolder()
        var settings = ObjectStore.Settings()
        settings.watchBuffer = 10
        let store = try await ObjectStore.open(folder.file("store.db"), settings: settings)
        let watch = try await store.watch(.dataPlaneServices)
        for index in 0..<20 { _ = try await store.create(Samples.key("s\(index)"), Samples.service("s\(index)")) }
        #expect(store.watcherCount == 0)
        var count = 0
        for await _ in watch.signals { count += 1 }
        #expect(count == 10)
        #expect(store.currentVersion == 21)
    }
}
