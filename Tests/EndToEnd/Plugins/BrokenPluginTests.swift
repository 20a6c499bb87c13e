import Foundation
import Glibc
import Testing

/// Plugins that don't start, each in its own way, beside one that works.
@Suite(.timeLimit(.minutes(5)))
struct BrokenPluginTests {
    static let scripts: [(id: String, script: String, cause: String)] = [
        ("exits", "exit 3", "exit code 3 before its handshake"),
        ("crashes", "kill -SEGV $$", "before its handshake"),
        ("rubbish", "echo 'a|b|c|d|e|f'; exec sleep 1000", "the line is 'a|b|c|d|e|f'"),
        ("oldcore", "echo '9|2|unix|/tmp/x|grpc|'; exec sleep 1000", "Plugin version: 9"),
        ("netrpc", "echo '1|2|unix|/tmp/x|netrpc|'; exec sleep 1000", "'netrpc'"),
        ("silent", "exec sleep 1000", "no handshake within 2 s"),
        ("noise", "yes 'no handshake here' | head -c 300000; exec sleep 1000", "unrecognized remote plugin message"),
        ("longline", "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; exec sleep 1000", "65536 bytes or more"),
        (
            "nowhere", "echo '1|2|unix|/nonexistent/socket|grpc|'; exec sleep 1000",
            "/nonexistent/socket, but nobody listens there (No such file or directory): no answer within 2 s"
        ),
        ("dies", "echo '1|2|unix|/nonexistent/socket|grpc|'; exit 7", "exit code 7 right after its handshake"),
        ("env", "", "its interpreter \"nothing-of-that-name\", which its first line names, was not found"),
        ("floods", "yes 'to stderr' >&2", "no handshake within 2 s"),
        ("closes", "exec >&- 2>&-; exec sleep 1000", "no handshake within 2 s"),
    ]

    /// Those that only the time for a start ends; the others have all the time that a busy machine needs.
    private static func isSlow(_ id: String) -> Bool {
        scripts.first { $0.id == id }?.cause.contains("within 2 s") == true
    }

    @Test(arguments: [true, false])
    func `each failure is a 503 with its cause, and the others don't notice`(isSlow: Bool) throws {
        let ids = Self.ids.filter { Self.isSlow($0) == isSlow }
        let gateway = try Gateway(
            plugins: { folder in
                try TestPlugins.install("testds", in: folder)
                for row in Self.scripts where ids.contains(row.id) {
                    try TestPlugins.install(row.id, script: row.script, in: folder)
                }
                for (id, program) in Self.programs where ids.contains(id) {
                    try folder.write("plugins/\(id)/plugin.json", TestPlugins.manifest(id))
                    try folder.write("plugins/\(id)/gpx_test_\(TestPlugins.platform)", program, executable: true)
                }
                try folder.write("plugins/absent/plugin.json", TestPlugins.manifest("absent"))
                try folder.write("plugins/plain/plugin.json", TestPlugins.manifest("plain"))
                try folder.write("plugins/plain/gpx_test_\(TestPlugins.platform)", "not executable")
                try folder.write("plugins/broken/plugin.json", "{")
            },
            services: [.init()] + ids.map { .init(group: "\($0).example.com", pluginID: $0) },
            sources: [.init(uid: "123")] + ids.map { .init(uid: $0, type: $0) },
            flags: isSlow ? ["--plugin-start-timeout", "2"] : [])
        try gateway.waitForPlugin("testds")
        for id in ids {
            let down = gateway.process.stderr.wait(seconds: 20) { $0.contains("plugin is down") && $0.contains(id) }
            #expect(down != nil, "\(id): \(gateway.log)")
            let cause = try #require(Self.scripts.first { $0.id == id }?.cause ?? Self.causes[id])
            var answer = try Self.ask(gateway, id)
            // The cause also shows while the next start is under way.
            for _ in 0..<5 {
                #expect(answer.status == 503, "\(id): \(answer.text)")
                #expect(answer.isStatus && answer.message.contains(id), "\(answer.text)")
                #expect(answer["Retry-After"] != nil, "\(id)")
                #expect(answer.message.contains(cause), "\(id): \(answer.message)")
                answer = try Self.ask(gateway, id)
            }
        }
        // Nothing crashes where nothing can be started, however often it is tried.
        let plugins = try JSONSerialization.jsonObject(with: Data(try gateway.admin("/plugins").body))
        for plugin in try #require(plugins as? [[String: Any]]) {
            let (id, phase) = (plugin["id"] as? String ?? "", plugin["phase"] as? String ?? "")
            if id == "absent" { #expect(["NotFound", "Starting"].contains(phase), "\(plugin)") }
            if ["plain", "format", "windows"].contains(id) {
                #expect(["BackingOff", "Starting"].contains(phase), "\(plugin)")
                #expect(plugin["restarts"] as? Int == 0, "\(plugin)")
            }
        }
        #expect(try gateway.request("POST", QueryRouteTests.path, body: QueryRouteTests.one).status == 200)
        // A process that just ended is a zombie for a moment; none stays one.
        for pid in ProcessFacts.children(gateway.process.pid) where ProcessFacts.isZombie(pid) {
            let deadline = Date(timeIntervalSinceNow: 2)
            while ProcessFacts.isZombie(pid), Date() < deadline {}
            #expect(!ProcessFacts.isZombie(pid))
        }
        #expect(gateway.residentBytes < 200 << 20)
    }

    private static func ask(_ gateway: Gateway, _ id: String) throws -> Answer {
        try gateway.request(
            "POST", "/apis/\(id).example.com/v1/namespaces/default/datasources/\(id)/query",
            body: QueryCase.queries(#"{"refId":"A"}"#))
    }

    private static let programs = [
        "format": "\u{7F}nonsense", "windows": "#!/bin/sh\r\nexit 0\r\n",
        "env": "#!/usr/bin/env nothing-of-that-name\n",
    ]
    private static let causes = [
        "absent": "does not exist", "plain": "not an executable", "format": "neither a program for Linux nor a script",
        "windows": "its interpreter \"/bin/sh\\r\", which its first line names, does not exist",
    ]
    private static let ids = scripts.map(\.id) + ["absent", "plain", "format", "windows"]

    @Test func `a plugin starts with a clean slate`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("silent", script: "exec sleep 1000", in: $0) },
            environment: ["E2E_SECRET": "hidden-from-plugins", "AWS_SECRET_ACCESS_KEY": "hidden-from-plugins"])
        let deadline = Date(timeIntervalSinceNow: 10)
        var plugin: pid_t?
        while plugin == nil, Date() < deadline {
            plugin = ProcessFacts.children(gateway.process.pid).first {
                (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8))?.hasPrefix("sleep") == true
            }
        }
        let pid = try #require(plugin)
        let status = ProcessFacts.status(pid)
        #expect(status["SigBlk"] == "0000000000000000")
        #expect(status["SigIgn"] == "0000000000000000")
        #expect(Set(ProcessFacts.descriptors(pid).keys) == [0, 1, 2], "\(ProcessFacts.descriptors(pid))")
        #expect(getpgid(pid) == pid)
        let environment = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/environ"))
        #expect(!String(decoding: environment, as: UTF8.self).contains("hidden-from-plugins"))
        let sockets = "\(gateway.folder.path)/data/run"
        let mode = try FileManager.default.attributesOfItem(atPath: sockets)[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }
}
