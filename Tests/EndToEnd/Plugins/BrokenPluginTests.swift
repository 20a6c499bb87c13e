import Foundation
import Glibc
import Testing

/// Plugins that don't start, each in its own way, beside one that works.
@Suite(.timeLimit(.minutes(5)))
struct BrokenPluginTests {
    static let scripts: [(id: String, script: String, cause: String)] = [
        ("exits", "exit 3", "3"),
        ("crashes", "kill -SEGV $$", "before its handshake"),
        ("rubbish", "echo 'a|b|c|d|e|f'; exec sleep 1000", ""),
        ("oldcore", "echo '9|2|unix|/tmp/x|grpc|'; exec sleep 1000", ""),
        ("netrpc", "echo '1|2|unix|/tmp/x|netrpc|'; exec sleep 1000", ""),
        ("silent", "exec sleep 1000", "no handshake within 1 s"),
        ("noise", "yes 'no handshake here' | head -c 300000; exec sleep 1000", ""),
        ("longline", "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; exec sleep 1000", ""),
        ("nowhere", "echo '1|2|unix|/nonexistent/socket|grpc|'; exec sleep 1000", "/nonexistent/socket"),
        ("floods", "yes 'to stderr' >&2", "no handshake within 1 s"),
        ("closes", "exec >&- 2>&-; exec sleep 1000", ""),
    ]

    @Test func `each failure is a 503 with its cause, and the others don't notice`() throws {
        let gateway = try Gateway(
            plugins: { folder in
                try TestPlugins.install("testds", in: folder)
                for row in Self.scripts { try TestPlugins.install(row.id, script: row.script, in: folder) }
                try folder.write("plugins/absent/plugin.json", TestPlugins.manifest("absent"))
                try folder.write("plugins/plain/plugin.json", TestPlugins.manifest("plain"))
                try folder.write("plugins/plain/gpx_test_\(TestPlugins.platform)", "not executable")
                try folder.write("plugins/format/plugin.json", TestPlugins.manifest("format"))
                try folder.write("plugins/format/gpx_test_\(TestPlugins.platform)", "\u{7F}nonsense", executable: true)
                try folder.write("plugins/broken/plugin.json", "{")
            },
            services: [.init()] + Self.ids.map { .init(group: "\($0).example.com", pluginID: $0) },
            sources: [.init(uid: "123")] + Self.ids.map { .init(uid: $0, type: $0) },
            flags: ["--plugin-start-timeout", "1"])
        try gateway.waitForPlugin("testds")
        for id in Self.ids {
            let down = gateway.process.stderr.wait(seconds: 20) { $0.contains("plugin is down") && $0.contains(id) }
            #expect(down != nil, "\(id): \(gateway.log)")
            let answer = try gateway.request(
                "POST", "/apis/\(id).example.com/v1/namespaces/default/datasources/\(id)/query",
                body: QueryCase.queries(#"{"refId":"A"}"#))
            #expect(answer.status == 503, "\(id): \(answer.text)")
            #expect(answer.isStatus && answer.message.contains(id), "\(answer.text)")
            if id != "broken" { #expect(answer["Retry-After"] != nil, "\(id)") }
            if !answer.message.contains("being started") {
                let cause =
                    Self.scripts.first { $0.id == id }?.cause ?? [
                        "absent": "does not exist", "plain": "not an executable",
                    ][id] ?? ""
                #expect(cause.isEmpty || answer.message.contains(cause), "\(id): \(answer.message)")
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

    private static let ids = scripts.map(\.id) + ["absent", "plain", "format"]

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
