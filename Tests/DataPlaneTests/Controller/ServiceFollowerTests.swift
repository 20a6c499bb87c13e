import APIServer
import Bytes
import DataPlaneAPI
import Storage
import Testing

@testable import DataPlane

/// What the controller has to do for what has happened, and what it needn't.
struct ServiceFollowerTests {
    private static func with(_ body: (WatchCache) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let store = try await WatchCache(SQLiteStorage.open("\(folder.path)/store.db"))
        try await body(store)
        try await store.close()
    }

    private static func object(_ name: String, group: String, note: String = "") -> JSONValue {
        [
            "metadata": ["name": .string(name), "uid": .string("u-\(name)"), "annotations": ["n": .string(note)]],
            "spec": [
                "pluginID": "p", "group": .string(group), "version": "v1", "services": [["type": "query"]],
            ],
        ]
    }

    private static func key(_ name: String) -> ObjectKey { ObjectKey(.dataPlaneServices, name: name) }

    private static func put(_ store: WatchCache, _ name: String, group: String, note: String = "") async throws {
        let object = object(name, group: group, note: note)
        if let old = store.find(key(name)) {
            _ = try await store.update(key(name), object, expecting: old.version, note: nil)
        } else {
            _ = try await store.create(key(name), object)
        }
    }

    private static func step(_ follower: inout ServiceFollower, _ store: WatchCache) -> ServiceFollower.Change {
        follower.take(store.events(.dataPlaneServices, from: follower.seen, atMost: 100)?.events ?? [])
    }

    private static func groups(_ change: ServiceFollower.Change) -> [String] { change.places.map(\.group).sorted() }

    @Test func `routes are compiled where they are others, conditions looked at where anything is`() async throws {
        try await Self.with { store in
            var follower = ServiceFollower()
            try await Self.put(store, "a", group: "one.example")
            try await Self.put(store, "b", group: "two.example")
            var change = Self.step(&follower, store)
            #expect(Self.groups(change) == ["one.example", "two.example"] && change.names == ["a", "b"])
            #expect(change.backends == ["a", "b"] && follower.seen == 2)
            // Nothing of its routes: conditions, labels and the like.
            try await Self.put(store, "a", group: "one.example", note: "x")
            change = Self.step(&follower, store)
            #expect(change.places.isEmpty && change.names == ["a"] && change.backends.isEmpty)
            // It moves: both groups are others.
            try await Self.put(store, "a", group: "two.example")
            change = Self.step(&follower, store)
            #expect(Self.groups(change) == ["one.example", "two.example"] && change.names == ["a"])
            #expect(Self.groups(Self.step(&follower, store)) == [])
        }
    }

    @Test func `of many events the last of each object counts`() async throws {
        try await Self.with { store in
            var follower = ServiceFollower()
            for number in 0..<5 { try await Self.put(store, "a", group: "g\(number).example") }
            try await Self.put(store, "b", group: "b.example")
            _ = try await store.delete(Self.key("b"))
            let change = Self.step(&follower, store)
            #expect(Self.groups(change) == ["g4.example"] && change.names == ["a"])
            #expect(follower.seen == 7 && Array(follower.catalogue.names) == ["a"])
            // Deleted and made anew between two looks: another object of that name.
            _ = try await store.delete(Self.key("a"))
            var again = Self.object("a", group: "g4.example")
            again["metadata"]?["uid"] = "other"
            _ = try await store.create(Self.key("a"), again)
            #expect(Self.groups(Self.step(&follower, store)) == ["g4.example"])
        }
    }

    @Test func `who fell behind takes what is stored, and touches what is different`() async throws {
        try await Self.with { store in
            var follower = ServiceFollower()
            for name in ["a", "b", "c"] { try await Self.put(store, name, group: "\(name).example") }
            var change = follower.take(store.state(.dataPlaneServices))
            #expect(change.names == ["a", "b", "c"] && follower.seen == 3)
            try await Self.put(store, "b", group: "x.example")
            _ = try await store.delete(Self.key("c"))
            change = follower.take(store.state(.dataPlaneServices))
            #expect(change.names == ["b"] && change.backends == ["b", "c"])
            #expect(Self.groups(change) == ["b.example", "c.example", "x.example"])
            #expect(Array(follower.catalogue.names).sorted() == ["a", "b"])
            change = follower.take(store.state(.dataPlaneServices))
            #expect(change.names.isEmpty && change.places.isEmpty)
        }
    }

    @Test func `what can't be read leaves what was known`() async throws {
        try await Self.with { store in
            var follower = ServiceFollower()
            try await Self.put(store, "a", group: "a.example")
            _ = Self.step(&follower, store)
            let old = try #require(store.find(Self.key("a")))
            _ = try await store.update(
                Self.key("a"), ["metadata": ["name": "a"], "spec": "nonsense"], expecting: old.version, note: nil)
            let change = Self.step(&follower, store)
            #expect(change.unreadable.map(\.name) == ["a"] && change.places.isEmpty && change.names.isEmpty)
            #expect(follower.catalogue["a"]?.spec.group == "a.example")
        }
    }
}
