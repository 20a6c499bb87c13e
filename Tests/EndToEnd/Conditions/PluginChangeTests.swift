import Foundation
import Glibc
import Testing

/// Plugins and data sources that change on disk while queries run.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct PluginChangeTests {
    static let service = Gateway.Service(plugin: "alpha")

    /// Asks again and again on one connection and notes everything that wasn't answered by the plugin.
    private final class Load: @unchecked Sendable {
        private let lock = NSLock()
        private let done = DispatchSemaphore(value: 0)
        private var isStopped = false
        private(set) var count = 0
        private(set) var failures: [String] = []
        private(set) var pids: [pid_t] = []

        init(_ gateway: Gateway) {
            let thread = Thread { [self] in
                do {
                    let client = try gateway.connect()
                    while !lock.withLock({ isStopped }) {
                        let answer = try client.request(
                            "POST", PluginChangeTests.service.queryPath, body: QueryCase.queries(#"{"refId":"A"}"#))
                        count += 1
                        guard let pid = try Gateway.echoed(answer)["pid"] as? Int else { throw Trouble("no pid") }
                        if pids.last != pid_t(pid) { pids.append(pid_t(pid)) }
                    }
                } catch { failures.append("\(error)") }
                done.signal()
            }
            thread.start()
        }

        func stop() {
            lock.withLock { isStopped = true }
            done.wait()
        }
    }

    @Test func `a changed executable takes over without a failed query`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: [Self.service],
            sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        let old = try gateway.pluginPID(Self.service)
        let watch = try ServiceWatch(gateway)
        try watch.wait(Self.service.name) { $0.isAvailable }
        let (events, log) = (watch.count, gateway.process.stderr.count)
        let loads = [Load(gateway), Load(gateway), Load(gateway)]

        // The same program with one more byte at its end, which a loader doesn't look at.
        var program = try Data(contentsOf: URL(fileURLWithPath: Programs.built("TestPlugin")))
        program.append(0)
        let folder = "\(gateway.folder.path)/plugins/alpha"
        try program.write(to: URL(fileURLWithPath: "\(folder)/new"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/new")
        #expect(rename("\(folder)/new", "\(folder)/gpx_test_\(TestPlugins.platform)") == 0)
        try gateway.waitForPlugin("alpha", from: log)
        #expect(ProcessFacts.waitForEnd(old, seconds: 20), "the old process has to end")
        let new = try gateway.pluginPID(Self.service)
        for load in loads { load.stop() }
        #expect(new != old)
        for load in loads {
            #expect(load.failures.isEmpty, "\(load.failures)")
            #expect(load.pids == [old, new])
        }
        print("plugin replaced under load: \(loads.reduce(0) { $0 + $1.count }) queries, none failed")
        #expect(watch.states(of: Self.service.name, from: events).isEmpty)
    }

    @Test func `a changed executable that doesn't start leaves the old one serving`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: [Self.service],
            sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        let old = try gateway.pluginPID(Self.service)
        let log = gateway.process.stderr.count
        let folder = "\(gateway.folder.path)/plugins/alpha"
        try gateway.folder.write("plugins/alpha/new", "#!/bin/sh\nexit 9\n", executable: true)
        #expect(rename("\(folder)/new", "\(folder)/gpx_test_\(TestPlugins.platform)") == 0)
        #expect(gateway.process.stderr.wait(from: log, containing: "the old one goes on") != nil, "\(gateway.log)")
        #expect(try gateway.pluginPID(Self.service) == old)
    }

    @Test func `a changed version in plugin json reaches the plugin`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: [Self.service],
            sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        #expect(try gateway.echo(Self.service)["pluginVersion"] as? String == "1.2.3")
        let manifest = TestPlugins.manifest("alpha").replacingOccurrences(of: "1.2.3", with: "1.2.4-next")
        try gateway.folder.write("plugins/alpha/plugin.json", manifest)
        try gateway.queryUntil(Self.service) { $0["pluginVersion"] as? String == "1.2.4-next" }
    }

    @Test func `a broken plugin json takes no running plugin away`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: [Self.service],
            sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        let old = try gateway.pluginPID(Self.service)
        let log = gateway.process.stderr.count
        try gateway.folder.write("plugins/alpha/plugin.json", "{\"id\": \"alpha\",")
        #expect(gateway.process.stderr.wait(from: log, containing: "alpha/plugin.json") != nil, "\(gateway.log)")
        #expect(try gateway.pluginPID(Self.service) == old)
        #expect(gateway.process.stderr.number(containing: "plugin was removed") == 0)
        // A plugin of another id in the same place is another plugin.
        try gateway.folder.write("plugins/alpha/plugin.json", TestPlugins.manifest("beta"))
        #expect(gateway.process.stderr.wait(from: log, containing: "plugin was removed") != nil, "\(gateway.log)")
        try gateway.waitForPlugin("beta", from: log)
    }

    @Test func `a plugin whose folder is removed is not found, and is again when it is back`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: [Self.service],
            sources: [.init(uid: "alpha", type: "alpha")])
        let watch = try ServiceWatch(gateway)
        try watch.wait(Self.service.name) { $0.isAvailable }
        let plugin = try gateway.pluginPID(Self.service)
        var place = watch.count
        let folder = "\(gateway.folder.path)/plugins/alpha"
        try FileManager.default.moveItem(atPath: folder, toPath: "\(gateway.folder.path)/away")
        let gone = try watch.wait(Self.service.name, from: place) { !$0.isAvailable }
        #expect(gone.condition("PluginReady") == "False PluginNotFound")
        let answer = try gateway.query(Self.service)
        #expect(answer.status == 503 && answer.message.contains("alpha"), "\(answer.text)")
        #expect(ProcessFacts.waitForEnd(plugin, seconds: 5))
        place = watch.count
        try FileManager.default.moveItem(atPath: "\(gateway.folder.path)/away", toPath: folder)
        try watch.wait(Self.service.name, from: place) { $0.isAvailable }
        #expect(try gateway.query(Self.service).status == 200)
    }

    @Test func `what grafana ini says of processes reaches them, and again when it changes`() throws {
        let ini = """
            [feature_toggles]
            enable = first
            [aws]
            allowed_auth_providers = keys
            [plugin.alpha]
            mode = fast
            grpc_address_alpha = 127.0.0.1:7443
            """
        let folder = try TemporaryFolder()
        let file = try folder.write("grafana.ini", ini)
        let gateway = try Gateway(
            plugins: {
                let program = try Programs.built("TestPlugin")
                try TestPlugins.install("alpha", script: "env > '\(folder.path)/env'; exec '\(program)'", in: $0)
                try TestPlugins.install("beta", in: $0)
            }, flags: ["--grafana-config", file], environment: ["GF_PLUGIN_GRPC_ADDRESS_ALPHA": "127.0.0.1:7444"])
        try gateway.waitForPlugin("alpha")
        try gateway.waitForPlugin("beta")
        func environment() throws -> [String] {
            try String(contentsOfFile: "\(folder.path)/env", encoding: .utf8).components(separatedBy: "\n")
        }
        let first = try environment()
        let expected = [
            "GF_INSTANCE_FEATURE_TOGGLES_ENABLE=first", "AWS_AUTH_AllowedAuthProviders=keys", "GF_PLUGIN_MODE=fast",
        ]
        for entry in expected { #expect(first.contains(entry), "\(first)") }
        #expect(!first.contains { $0.contains("GRPC_ADDRESS") }, "\(first)")
        // A change of one plugin's section is nothing to the other.
        let log = gateway.process.stderr.count
        try folder.write("grafana.ini", ini.replacingOccurrences(of: "fast", with: "slow"))
        try gateway.waitForPlugin("alpha", from: log)
        #expect(try environment().contains("GF_PLUGIN_MODE=slow"), "\(gateway.log)")
        #expect(gateway.process.stderr.number(containing: "plugin.beta: plugin is ready") == 1, "\(gateway.log)")
    }

    @Test func `changed settings of a data source reach the plugin`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: [Self.service],
            sources: [.init(uid: "alpha", type: "alpha", more: "    jsonData:\n      colour: blue\n")])
        try gateway.waitForPlugin("alpha")
        let before = try gateway.echo(Self.service)
        #expect((before.at("source.json") as? String)?.contains("blue") == true, "\(before)")
        func provision(_ more: String) throws {
            let source = Gateway.Source(uid: "alpha", type: "alpha", more: more)
            try gateway.folder.write(
                "provisioning/datasources/all.yaml", "apiVersion: 1\ndatasources:\n\(source.yaml)")
        }
        try provision("    jsonData:\n      colour: green\n    secureJsonData:\n      token: new\n")
        let after = try gateway.queryUntil(Self.service) {
            ($0.at("source.json") as? String)?.contains("green") == true
        }
        #expect(after.at("source.secure.token") as? String == "new")
        #expect(after["pid"] as? Int == before["pid"] as? Int)
        // A file that can't be read takes no data source away.
        let log = gateway.process.stderr.count
        try gateway.folder.write("provisioning/datasources/all.yaml", "apiVersion: 1\ndatasources: [")
        #expect(gateway.process.stderr.wait(from: log, containing: "all.yaml") != nil, "\(gateway.log)")
        #expect((try gateway.echo(Self.service).at("source.json") as? String)?.contains("green") == true)
    }
}

extension Gateway {
    /// Asks until the plugin gets what is expected; every answer on the way has to be the plugin's.
    @discardableResult
    func queryUntil(
        _ service: Service, seconds: Double = 15, _ matches: ([String: Any]) -> Bool
    ) throws -> [String: Any] {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while true {
            let echo = try self.echo(service)
            if matches(echo) { return echo }
            guard Date() < deadline else { throw Trouble("the plugin still gets \(echo)") }
        }
    }
}
