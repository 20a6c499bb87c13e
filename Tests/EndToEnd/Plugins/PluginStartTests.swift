import Foundation
import Glibc
import Testing

/// Plugins that print an address and then don't serve there: what is said of them, and that nobody waits for them.
@Suite(.timeLimit(.minutes(5)))
struct PluginStartTests {
    /// A TCP socket that takes connections and says nothing, or closes them.
    private final class DumbServer: Sendable {
        let port: UInt16
        private let descriptor: Int32

        init(closes: Bool) throws {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, length) == 0 && listen(listener, 64) == 0
                        ? getsockname(listener, $0, &length) : -1
                }
            }
            guard result == 0 else { throw Trouble("no listener: \(String(cString: strerror(errno)))") }
            descriptor = listener
            port = UInt16(bigEndian: address.sin_port)
            guard closes else { return }
            Thread {
                while true {
                    let connection = accept(listener, nil, nil)
                    guard connection >= 0 else { return }
                    close(connection)
                }
            }.start()
        }

        /// Waits for a connection, and leaves it as it is.
        func waitForConnection() throws {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 20_000) == 1 else { throw Trouble("nobody has connected") }
            _ = accept(descriptor, nil, nil)
        }

        deinit {
            shutdown(descriptor, Int32(SHUT_RDWR))
            close(descriptor)
        }
    }

    private static func printing(_ address: String, then rest: String = "exec sleep 1000") -> String {
        "echo '1|2|tcp|\(address)|grpc'; \(rest)"
    }

    @Test func `what stands in the way shows while there is time left, and a stop doesn't wait for it`() throws {
        let (silent, closing) = (try DumbServer(closes: false), try DumbServer(closes: true))
        let causes = [
            ("nobody", Self.printing("127.0.0.1:1"), "127.0.0.1:1, but nobody listens there (Connection refused)"),
            ("mute", Self.printing("127.0.0.1:\(silent.port)"), "accepts connections there and stays silent"),
            ("closing", Self.printing("127.0.0.1:\(closing.port)"), "closes every connection there"),
        ]
        let services = causes.map { Gateway.Service(plugin: $0.0) }
        let gateway = try Gateway(
            plugins: { folder in
                for (id, script, _) in causes { try TestPlugins.install(id, script: script, in: folder) }
                try TestPlugins.install("speechless", script: "exec sleep 1000", in: folder)
            }, services: services, sources: causes.map { .init(uid: $0.0, type: $0.0) })
        let watch = try ServiceWatch(gateway)
        for ((id, _, cause), service) in zip(causes, services) {
            let line = gateway.process.stderr.wait { $0.contains("not ready yet") && $0.contains(id) }
            #expect(line?.contains(cause) == true, "\(line ?? gateway.log)")
            // Its start has most of a minute left. The condition comes last, when every loop knows.
            let state = try watch.wait(service.name) { $0.message("PluginReady").contains(cause) }
            #expect(state.condition("PluginReady") == "False PluginStarting")
            let answer = try gateway.query(service)
            #expect(answer.status == 503 && answer.message.contains(cause), "\(answer.text)")
            #expect(answer.message.hasSuffix("; it is being started"), "\(answer.message)")
            #expect(try gateway.admin("/plugins").text.contains(cause))
        }
        let start = Date()
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 20), "\(gateway.log)")
        #expect(Date().timeIntervalSince(start) < 2)
        #expect(gateway.process.exitStatus == 0, "\(gateway.log)")
    }

    @Test func `a plugin that dies behind its handshake line is seen at once, and a stop after it is clean`() throws {
        let gateway = try Gateway(
            plugins: {
                try TestPlugins.install(
                    "brief", script: Self.printing("127.0.0.1:1", then: "exit 7"), in: $0)
            }, services: [.init(plugin: "brief")], sources: [.init(uid: "brief", type: "brief")])
        let down = gateway.process.stderr.wait(seconds: 5, containing: "plugin is down")
        #expect(down?.contains("exit code 7 right after its handshake") == true, "\(down ?? gateway.log)")
        let answer = try gateway.query(.init(plugin: "brief"))
        #expect(answer.status == 503 && answer.message.contains("exit code 7"), "\(answer.text)")
        // What is said of the next start is true whenever it is asked.
        var left: [Double] = []
        while left.count < 3 {
            let text = try gateway.query(.init(plugin: "brief")).message
            let words = text.components(separatedBy: "; next start in ").last?.components(separatedBy: " ") ?? []
            guard let word = words.first, let seconds = Double(word) else {
                left = []
                continue
            }
            if let last = left.last, seconds > last { left = [] }
            if left.last != seconds { left.append(seconds) }
        }
        let start = Date()
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 20), "\(gateway.log)")
        #expect(Date().timeIntervalSince(start) < 2)
        #expect(gateway.process.exitStatus == 0, "\(gateway.log)")
    }

    @Test func `a stop waits for no candidate of a changed plugin`() throws {
        let gateway = try Gateway(
            plugins: {
                try TestPlugins.install("alpha", in: $0)
                try TestPlugins.install("other", in: $0)
            }, services: [.init(plugin: "alpha")], sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        try gateway.waitForPlugin("other")
        let plugin = try gateway.pluginPID(.init(plugin: "alpha"))
        let folder = "\(gateway.folder.path)/plugins/alpha"
        let script = Self.printing("127.0.0.1:1", then: "trap 'echo > told; exit 0' TERM; sleep 1000 & wait")
        try gateway.folder.write("plugins/alpha/new", "#!/bin/sh\n\(script)\n", executable: true)
        #expect(rename("\(folder)/new", "\(folder)/gpx_test_\(TestPlugins.platform)") == 0)
        #expect(gateway.process.stderr.wait(containing: "not ready yet") != nil, "\(gateway.log)")
        // The one that hangs keeps nobody from looking at the others.
        var log = gateway.process.stderr.count
        let version = TestPlugins.manifest("other").replacingOccurrences(of: "1.2.3", with: "1.2.4")
        try gateway.folder.write("plugins/other/plugin.json", version)
        try gateway.waitForPlugin("other", from: log)
        log = gateway.process.stderr.count
        try FileManager.default.removeItem(atPath: "\(gateway.folder.path)/plugins/other")
        #expect(gateway.process.stderr.wait(from: log, seconds: 5, containing: "plugin was removed") != nil)
        #expect(try gateway.pluginPID(.init(plugin: "alpha")) == plugin)
        let start = Date()
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 20), "\(gateway.log)")
        #expect(Date().timeIntervalSince(start) < 3)
        #expect(gateway.process.exitStatus == 0, "\(gateway.log)")
        #expect(!ProcessFacts.isAlive(plugin))
        #expect(FileManager.default.fileExists(atPath: "\(folder)/told"), "it was killed without a word")
    }

    @Test func `a plugin that says it doesn't serve gets no calls until it does`() throws {
        let gateway = try Gateway(
            plugins: {
                try TestPlugins.install("alpha", in: $0)
                try $0.write("plugins/alpha/not-serving", "")
            }, services: [.init(plugin: "alpha")], sources: [.init(uid: "alpha", type: "alpha")])
        let mark = "\(gateway.folder.path)/plugins/alpha/not-serving"
        func refused() throws {
            let answer = try gateway.query(.init(plugin: "alpha"))
            #expect(answer.status == 503 && answer.message.contains("NOT_SERVING"), "\(answer.text)")
            #expect(answer["Retry-After"] != nil)
        }
        #expect(gateway.process.stderr.wait(containing: "not ready yet") != nil, "\(gateway.log)")
        try refused()
        try FileManager.default.removeItem(atPath: mark)
        try gateway.waitForPlugin("alpha")
        let plugin = try gateway.pluginPID(.init(plugin: "alpha"))
        try gateway.folder.write("plugins/alpha/not-serving", "")
        #expect(gateway.process.stderr.wait(containing: "out of service") != nil, "\(gateway.log)")
        try refused()
        // It is left to say otherwise.
        try FileManager.default.removeItem(atPath: mark)
        #expect(gateway.process.stderr.wait(containing: "answers again") != nil, "\(gateway.log)")
        #expect(try gateway.pluginPID(.init(plugin: "alpha")) == plugin)
    }

    @Test func `a stop waits for no look at a backend that stays silent`() throws {
        let silent = try DumbServer(closes: false)
        let gateway = try Gateway(
            plugins: { folder in
                try folder.write(
                    "manifests/silent.yaml",
                    """
                    apiVersion: aggregation.grafana.app/v0alpha1
                    kind: DataPlaneService
                    metadata:
                      name: v1.silent.example
                    spec:
                      pluginType: datasource
                      group: silent.example
                      version: v1
                      backend:
                        type: http
                        baseURL: https://127.0.0.1:\(silent.port)
                      services:
                        - {type: route, path: /x}

                    """)
            })
        try silent.waitForConnection()
        let start = Date()
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 20), "\(gateway.log)")
        #expect(Date().timeIntervalSince(start) < 3)
        #expect(gateway.process.exitStatus == 0, "\(gateway.log)")
    }

    @Test func `a killed plugin leaves no socket behind`() throws {
        let service = Gateway.Service(plugin: "alpha")
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: [service],
            sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        let run = "\(gateway.folder.path)/data/run"
        func sockets() throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: run).filter { $0.contains("/") }
        }
        let before = try sockets()
        #expect(before.count == 1)
        let log = gateway.process.stderr.count
        kill(try gateway.pluginPID(service), SIGKILL)
        try gateway.waitForPlugin("alpha", from: log)
        let after = try sockets()
        #expect(after.count == 1 && after != before, "\(after)")
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 20))
        #expect(try FileManager.default.contentsOfDirectory(atPath: run).isEmpty)
    }

    @Test func `a stop while the start reads big files ends it`() throws {
        // Some seconds of reading, all in one file and in one go.
        let sources = (0..<30_000).map { index in
            Gateway.Source(uid: "u\(index)", more: "    jsonData: {a: [1, 2, 3], b: {c: d}}\n").yaml
        }
        let folder = try TemporaryFolder()
        try folder.write("provisioning/datasources/all.yaml", "apiVersion: 1\ndatasources:\n\(sources.joined())")
        let process = try ChildProcess(
            Programs.gateway(),
            [
                "serve", "--http-port", "any", "--admin-address", "127.0.0.1:0", "--provisioning",
                "\(folder.path)/provisioning", "--data-dir", "\(folder.path)/data",
            ])
        let deadline = Date(timeIntervalSinceNow: 10)
        while !FileManager.default.fileExists(atPath: "\(folder.path)/data/gateway.db"), Date() < deadline {}
        let start = Date()
        process.signal(SIGTERM)
        #expect(process.waitForExit(seconds: 20), "\(process.stderr.tail())")
        #expect(Date().timeIntervalSince(start) < 5)
        #expect(
            process.exitStatus == 0 || process.exitStatus == SIGTERM, "\(process.exitStatus) \(process.stderr.tail())")
        #expect(process.stdout.number(containing: "ready") == 0)
    }
}
