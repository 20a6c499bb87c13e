import Bytes
import Storage
import Testing

@testable import APIServer

struct WatchTests {
    private let table = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]

    private func summary(_ events: [JSONValue]) -> [String] {
        events.map { "\($0["type"]?.asString ?? "") \($0["object"]?["metadata"]?["resourceVersion"]?.asString ?? "")" }
    }

    @Test func `DP-19 a watch shows the state, then every change as it happens`() async throws {
        try await TestServer.with { server in
            let made = try await server.store.create(Samples.key("a"), Samples.service("a"))
            let events = try await server.watch("watch=true") {
                _ = try await server.store.update(
                    Samples.key("a"), Samples.service("a", plugin: "b"), expecting: made.version, note: nil)
                _ = try await server.store.delete(Samples.key("a"))
            } until: {
                $0.count == 3
            }
            #expect(summary(events) == ["ADDED 2", "MODIFIED 3", "DELETED 4"])
        }
    }

    @Test func `a watch from a version begins after it`() async throws {
        try await TestServer.with { server in
            for name in ["a", "b", "c"] { _ = try await server.store.create(Samples.key(name), Samples.service(name)) }
            let events = try await server.watch("watch=1&resourceVersion=2", until: { $0.count == 2 })
            #expect(summary(events) == ["ADDED 3", "ADDED 4"])
        }
    }

    @Test func `with a selector an object comes and goes`() async throws {
        try await TestServer.with { server in
            let key = Samples.key("a")
            let events = try await server.watch("watch=true&labelSelector=on%3Dyes") {
                var object = try await server.store.create(key, Samples.service("a"))
                for labels: JSONValue in [["on": "yes"], ["on": "yes", "x": "y"], ["on": "no"], [:]] {
                    object = try await server.store.update(
                        key, Samples.service("a", labels: labels), expecting: object.version, note: nil)
                }
            } until: {
                $0.count == 3
            }
            #expect(summary(events) == ["ADDED 3", "MODIFIED 4", "DELETED 5"])
            #expect(events.last?["object"]?["metadata"]?["labels"]?["on"] == "yes")
        }
    }

    @Test func `a version from before the history is an error event`() async throws {
        var settings = WatchCache.Settings()
        settings.historyLimit = 1
        try await TestServer.with(settings: settings) { server in
            for name in ["a", "b", "c"] { _ = try await server.store.create(Samples.key(name), Samples.service(name)) }
            let events = try await server.watch("watch=true&resourceVersion=1", until: { _ in false })
            #expect(events.count == 1)
            #expect(events.first?["type"] == "ERROR")
            #expect(events.first?["object"]?["code"] == 410)
            #expect(events.first?["object"]?["reason"] == "Expired")
        }
    }

    @Test func `a watch ends by itself with a last bookmark`() async throws {
        try await TestServer.with { server in
            _ = try await server.store.create(Samples.key("a"), Samples.service("a"))
            let events = try await server.watch(
                "watch=true&timeoutSeconds=5&allowWatchBookmarks=true&resourceVersion=0", until: { _ in false })
            #expect(summary(events) == ["ADDED 2", "BOOKMARK 2"])
            #expect(server.watches.count == 0)
        }
    }

    @Test func `initial events end with a marked bookmark`() async throws {
        try await TestServer.with { server in
            _ = try await server.store.create(Samples.key("a"), Samples.service("a"))
            let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
            let events = try await server.watch(query, until: { $0.count == 2 })
            #expect(summary(events) == ["ADDED 2", "BOOKMARK 2"])
            let marks = events.last?["object"]?["metadata"]?["annotations"]
            #expect(marks?["k8s.io/initial-events-end"] == "true")
        }
    }

    @Test func `tables carry their columns once`() async throws {
        try await TestServer.with { server in
            for name in ["a", "b"] { _ = try await server.store.create(Samples.key(name), Samples.service(name)) }
            let events = try await server.watch("watch=true", headers: table, until: { $0.count == 2 })
            #expect(events.map { $0["object"]?["kind"] } == ["Table", "Table"])
            #expect(events.map { ($0["object"]?["columnDefinitions"]?.asArray ?? []).isEmpty } == [false, true])
        }
    }

    @Test func `a watch of a client that went away is forgotten`() async throws {
        try await TestServer.with { server in
            _ = try await server.store.create(Samples.key("a"), Samples.service("a"))
            _ = try await server.watch("watch=true", until: { $0.count == 1 })
            // Its connection is closed now; the next change finds nobody, or tells the loop so.
            var left = server.watches.count
            for index in 0..<1_000 where left > 0 {
                _ = try await server.store.create(Samples.key("s\(index)"), Samples.service("s\(index)"))
                left = server.watches.count
            }
            #expect(left == 0)
        }
    }

    @Test func `a client that takes nothing is cut and holds nobody up`() async throws {
        var settings = WatchCache.Settings()
        settings.historyLimit = 10
        try await TestServer.with(settings: settings) { server in
            let key = Samples.key("a")
            let left = Box(1)
            _ = try await server.watch("watch=true&resourceVersion=1") {
                // Nothing is read while this runs: first the socket's buffers fill, then its place falls off the history.
                var object = try await server.store.create(key, Samples.service("a"))
                for index in 0..<1_000 where server.watches.count > 0 {
                    var next = object.body
                    next["metadata"]?["annotations"] = [
                        "fill": .string(String(repeating: "x", count: 200_000)), "index": .int(index),
                    ]
                    object = try await server.store.update(key, next, expecting: object.version, note: nil)
                }
                left.set(server.watches.count)
            } until: { _ in
                true
            }
            #expect(left.current == 0)
        }
    }

    @Test func `a version that never comes is an error event, after which clients list again`() async throws {
        try await TestServer.with(configure: { $0.versionWaitMS = 100 }) { server in
            let events = try await server.watch("watch=true&resourceVersion=999", until: { _ in false })
            #expect(events.count == 1 && events.first?["type"] == "ERROR")
            let status = events.first?["object"]
            #expect(status?["code"] == 410 && status?["reason"] == "Expired")
            #expect(status?["message"] == "Timeout: Too large resource version: 999, current: 1")
        }
    }

    @Test func `a version that comes in time begins the watch`() async throws {
        try await TestServer.with(configure: { $0.versionWaitMS = 15_000 }) { server in
            async let events = server.watch("watch=true&resourceVersion=3", until: { $0.count == 1 })
            for name in ["a", "b", "c"] { _ = try await server.store.create(Samples.key(name), Samples.service(name)) }
            #expect(try await summary(events) == ["ADDED 4"])
        }
    }
}
