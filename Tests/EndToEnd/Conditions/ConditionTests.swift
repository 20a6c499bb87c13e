import Foundation
import Glibc
import Testing

/// What the conditions of a DataPlaneService say while its plugin and its rivals come and go.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ConditionTests {
    @Test func `LC-01 once an object is Available its query is answered`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        let watch = try ServiceWatch(gateway)
        for round in 1...10 {
            let service = Gateway.Service(group: "round\(round).example.com", pluginID: "alpha")
            let made = try gateway.create(service)
            #expect(made.status == 201, "\(made.text)")
            let state = try watch.wait(service.name) { $0.isAvailable }
            #expect(try gateway.query(service).status == 200)
            #expect(state.condition("Accepted") == "True RoutesRegistered")
            #expect(state.condition("PluginReady") == "True PluginReady")
            #expect(state.object.at("status.conditions.0.observedGeneration") as? Int == 1)
        }
    }

    @Test func `an object whose plugin is not there says so`() throws {
        let gateway = try Gateway(sources: [.init(uid: "nobody", type: "nobody")])
        let watch = try ServiceWatch(gateway)
        let service = Gateway.Service(plugin: "nobody")
        #expect(try gateway.create(service).status == 201)
        let state = try watch.wait(service.name) { !$0.condition("Available").isEmpty }
        #expect(state.condition("PluginReady") == "False PluginNotFound")
        #expect(state.condition("Accepted") == "True RoutesRegistered")
        #expect(!state.isAvailable)
        #expect(state.message("Available").contains("nobody"), "\(state.message("Available"))")
        let answer = try gateway.query(service)
        #expect(answer.status == 503 && answer.message.contains("--plugins-dir"), "\(answer.text)")
    }

    /// A plugin that ends at once while the file `broken` lies beside it.
    private static func installFragile(_ id: String, in folder: TemporaryFolder) throws {
        try TestPlugins.install(
            id, script: "[ -e '\(folder.path)/broken' ] && exit 3; exec '\(try Programs.built("TestPlugin"))'",
            in: folder)
    }

    @Test func `a plugin that crashes again and again shows, and so does its recovery`() throws {
        let gateway = try Gateway(
            plugins: {
                try $0.write("broken", "")
                try Self.installFragile("fragile", in: $0)
            }, sources: [.init(uid: "fragile", type: "fragile")])
        let service = Gateway.Service(plugin: "fragile")
        let watch = try ServiceWatch(gateway)
        #expect(try gateway.create(service).status == 201)
        let down = try watch.wait(service.name) { $0.condition("PluginReady") == "False PluginCrashLooping" }
        #expect(down.condition("Available").hasPrefix("False"))
        #expect(down.message("PluginReady").contains("3"), "\(down.message("PluginReady"))")
        let place = watch.count
        try FileManager.default.removeItem(atPath: "\(gateway.folder.path)/broken")
        try watch.wait(service.name, from: place, seconds: 60) { $0.isAvailable }
        #expect(try gateway.query(service).status == 200)
    }

    @Test func `a short restart doesn't show while a long failure does`() throws {
        let gateway = try Gateway(
            plugins: {
                try TestPlugins.install("steady", in: $0)
                try Self.installFragile("fragile", in: $0)
            }, sources: [.init(uid: "steady", type: "steady"), .init(uid: "fragile", type: "fragile")])
        let (steady, fragile) = (Gateway.Service(plugin: "steady"), Gateway.Service(plugin: "fragile"))
        let watch = try ServiceWatch(gateway)
        for service in [steady, fragile] {
            #expect(try gateway.create(service).status == 201)
            try watch.wait(service.name) { $0.isAvailable }
        }
        let (events, log) = (watch.count, gateway.process.stderr.count)
        let victims = [try gateway.pluginPID(steady), try gateway.pluginPID(fragile)]
        try gateway.folder.write("broken", "")
        for victim in victims { kill(victim, SIGKILL) }
        try gateway.waitForPlugin("steady", from: log)
        // The failure of the other one shows after the time that a restart may take: the clock of this test.
        try watch.wait(fragile.name, from: events) { $0.condition("Available").hasPrefix("False") }
        #expect(watch.states(of: steady.name, from: events).isEmpty)
        #expect(try gateway.pluginPID(steady) != victims[0])
    }

    @Test func `DP-05 and LC-06 of two objects with one route the older wins until it is deleted`() throws {
        let gateway = try Gateway(
            plugins: {
                try TestPlugins.install("alpha", in: $0)
                try TestPlugins.install("beta", in: $0)
            }, sources: [.init(uid: "alpha", type: "alpha"), .init(uid: "beta", type: "beta")])
        let watch = try ServiceWatch(gateway)
        let winner = Gateway.Service(group: "both.example.com", pluginID: "alpha")
        let loser = Gateway.Service(group: "both.example.com", pluginID: "beta")
        func make(_ name: String, _ service: Gateway.Service) throws -> Answer {
            try gateway.request(
                "POST", Gateway.services, [("Content-Type", "application/json")], body: service.json(named: name))
        }
        #expect(try make("a-first", winner).status == 201)
        try watch.wait("a-first") { $0.isAvailable }
        #expect(try make("b-second", loser).status == 201)
        let refused = try watch.wait("b-second") { !$0.condition("Accepted").isEmpty }
        #expect(refused.condition("Accepted") == "False RouteConflict")
        #expect(refused.message("Accepted").contains("a-first"), "\(refused.message("Accepted"))")
        #expect(!refused.isAvailable && refused.message("Available").contains("a-first"))
        #expect(try gateway.query(winner).status == 200)
        #expect(try gateway.query(loser).status == 400)
        #expect(try gateway.delete("a-first").status == 200)
        try watch.wait("b-second") { $0.isAvailable }
        #expect(try gateway.query(loser).status == 200)
    }
}
