import Bytes
import HTTPKit
import Storage
import Testing

@testable import APIServer

/// With 100 watches and 300 creates a second the watches once were 12 seconds late, and got later.
struct FanOutTests {
    @Test func `every watch sees every event once, whoever else watches what`() async throws {
        try await TestServer.with { server in
            let opened = Box(0)
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<60 {
                    // Three audiences: all, half of the objects, one object.
                    let (query, wanted) = [
                        ("watch=1&resourceVersion=1", 200), ("watch=1&resourceVersion=1&labelSelector=even%3Dyes", 100),
                        ("watch=1&resourceVersion=1&fieldSelector=metadata.name%3Ds199", 1),
                    ][number % 3]
                    group.addTask {
                        let count = try await server.countLines(query, wanted) { opened.change { $0 + 1 } }
                        return count - wanted
                    }
                }
                while opened.current < 60 { try await Task.sleep(for: .milliseconds(2)) }
                for index in 0..<200 {
                    let labels: JSONValue = ["even": index.isMultiple(of: 2) ? "yes" : "no"]
                    _ = try await server.store.create(
                        Samples.key("s\(index)"), Samples.service("s\(index)", labels: labels))
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.allSatisfy { $0 == 0 }, "\(counts)")
        }
    }

    /// What one loop serves in a turn is bounded; who comes behind still gets everything.
    @Test func `more watches than are served in one turn all see everything`() async throws {
        try await TestServer.with { server in
            let opened = Box(0)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<300 {
                    group.addTask {
                        try await server.countLines("watch=1&resourceVersion=1", 5) { opened.change { $0 + 1 } }
                    }
                }
                while opened.current < 300 { try await Task.sleep(for: .milliseconds(2)) }
                for index in 0..<5 {
                    _ = try await server.store.create(Samples.key("s\(index)"), Samples.service("s\(index)"))
                }
                for try await count in group { #expect(count == 5) }
            }
        }
    }

    /// 1,000 clients that came again once left 957 neither answered nor refused.
    @Test func `clients that come again at once get their list or are refused cleanly`() async throws {
        try await TestServer.with(configure: { core in
            core.lists = Slots(10, of: "lists on their way", retrySeconds: 1...5)
        }) { server in
            for index in 0..<100 {
                _ = try await server.store.create(Samples.key("s\(index)"), Samples.service("s\(index)"))
            }
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<60 { group.addTask { try await server.countLines("watch=true", 100) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // All of it, or the one Status that says when to come again.
            #expect(counts.allSatisfy { $0 == 100 || $0 <= 1 } && counts.contains(100), "\(counts)")
        }
        try await TestServer.with(configure: { core in
            core.lists = Slots(0, of: "lists on their way", retrySeconds: 4...4)
        }) { server in
            for query in ["?watch=true", "?limit=1", ""] {
                let refused = try await server.send("GET", Samples.path + query)
                #expect(refused.status == 429 && refused.field("Retry-After") == "4", "\(refused)")
            }
            #expect(
                try await server.send("GET", Samples.path + "?watch=1&resourceVersion=1&timeoutSeconds=1").status == 200
            )
            #expect(server.lists.count == 0)
        }
    }

    @Test func `lists and first states of watches count among what is held for requests`() async throws {
        let bodies = BodyBudget(limit: 65_536)
        try await TestServer.with(configure: { core in
            core.lists = Slots(10, of: "lists on their way", retrySeconds: 1...5, bodies: bodies)
        }) { server in
            let held = try bodies.charge(1)
            for query in ["?watch=true", "?limit=1", ""] {
                let refused = try await server.send("GET", Samples.path + query)
                #expect(refused.status == 503 && refused.field("Retry-After") != nil, "\(refused)")
                #expect(refused.body.contains("request-memory-limit"))
            }
            held.give()
            #expect(try await server.send("GET", Samples.path).status == 200)
            #expect(try await server.send("GET", Samples.path + "?watch=1&timeoutSeconds=1").status == 200)
            #expect(bodies.inUse == 0)
        }
    }

    @Test func `beyond the limit a watch is refused, and one that ends makes room`() async throws {
        try await TestServer.with(configure: { core in
            core.watches = Slots(1, of: "watches", retrySeconds: 3...3)
        }) { server in
            let opened = Box(false)
            let first = Task { try await server.countLines("watch=1&resourceVersion=1", 1) { opened.set(true) } }
            while !opened.current { try await Task.sleep(for: .milliseconds(2)) }
            let refused = try await server.send("GET", Samples.path + "?watch=1&resourceVersion=1")
            #expect(refused.status == 429 && refused.field("Retry-After") == "3")
            _ = try await server.store.create(Samples.key("a"), Samples.service("a"))
            #expect(try await first.value == 1)
            while server.watches.count > 0 {
                // The client is gone; the next event finds nobody, or tells the loop so.
                _ = try await server.store.create(Samples.key("\(server.store.version)"), Samples.service("x"))
            }
            #expect(try await server.send("GET", Samples.path + "?watch=1&timeoutSeconds=1").status == 200)
        }
    }

    /// Gets once took 6 ms at the median while 16 clients wrote.
    @Test func `what is read never waits for what is being written`() async throws {
        let held = Box<HeldStorage?>(nil)
        try await TestServer.with(storage: { storage in
            let holding = HeldStorage(storage)
            held.set(holding)
            return holding
        }) { server in
            let storage = try #require(held.current)
            _ = try await server.store.create(Samples.key("a"), Samples.service("a"))
            storage.hold()
            let writes = (0..<4).map { number in
                Task { try await server.send("POST", Samples.path, Samples.service("w\(number)")) }
            }
            while storage.waiting < 4 { try await Task.sleep(for: .milliseconds(1)) }
            #expect(try await server.send("GET", "\(Samples.path)/a").status == 200)
            #expect(try await server.send("GET", "\(Samples.path)/w0").status == 404)
            #expect(try await server.send("GET", Samples.path).json["items"]?.asArray?.count == 1)
            #expect(try await server.countLines("watch=1", 1) == 1)
            #expect(storage.waiting == 4)
            storage.letGo()
            for write in writes { #expect(try await write.value.status == 201) }
        }
    }

    @Test func `a watch that is open keeps nothing of the state that it began with`() async throws {
        var settings = WatchCache.Settings()
        settings.historyLimit = 1
        try await TestServer.with(settings: settings) { server in
            _ = try await server.store.create(Samples.key("a"), Samples.service("a"))
            let lines = Box(0)
            weak let first = server.store.find(Samples.key("a"))
            let watching = Task {
                try await server.watch("watch=1") { events in
                    lines.set(events.count)
                    return events.count > 4
                }
            }
            while lines.current < 1 { try await Task.sleep(for: .milliseconds(1)) }
            for number in 1...4 {
                let old = try #require(server.store.find(Samples.key("a")))
                let labels: JSONValue = ["n": .string("\(number)")]
                _ = try await server.store.update(
                    Samples.key("a"), Samples.service("a", labels: labels), expecting: old.version, note: nil)
                while lines.current <= min(number, 3) - 1 { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(first == nil)
            #expect(try await watching.value.count == 5)
        }
    }
}
