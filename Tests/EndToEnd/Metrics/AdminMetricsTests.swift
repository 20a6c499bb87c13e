import Foundation
import Glibc
import Testing

/// Metrics on the admin listener: the gateway's own, and those of each plugin.
@Suite(.timeLimit(.minutes(5)))
struct AdminMetricsTests {
    @Test(arguments: ["showcase", "%73howcase", "showcase-app"])
    func `a plugin's metrics come as its text`(id: String) throws {
        let gateway = try ShowcaseGateway.shared.get()
        let answer = try gateway.admin("/metrics/plugins/\(id)")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(try #require(Promtool.value(answer.text, "showcase_uptime_seconds")) >= 0)
        if let faults = try Promtool.faults(answer.text) { #expect(faults == "") }
        let head = try gateway.admin("/metrics/plugins/\(id)", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty)
    }

    @Test(arguments: [
        ("/metrics/plugins/nothing", 404, #"there is no plugin "nothing"; /plugins lists them"#),
        ("/metrics/plugins/show%2Fcase", 404, #"there is no plugin "show/case""#),
        ("/metrics/plugins/testds", 501, "plugin testds does not implement Diagnostics/CollectMetrics"),
        // An alias leads to its plugin.
        ("/metrics/plugins/testds-old", 501, "plugin testds does not implement Diagnostics/CollectMetrics"),
    ])
    func `what has no metrics says why`(path: String, status: Int, message: String) throws {
        let answer = try ShowcaseGateway.shared.get().admin(path)
        #expect(answer.status == status && answer.isStatus, "\(answer.text)")
        #expect(answer.message.contains(message), "\(answer.message)")
    }

    @Test func `a plugin that is down is 503 with the cause and stays among the targets`() throws {
        let gateway = try Gateway(plugins: { folder in
            try TestPlugins.install("broken", script: "exit 3", in: folder)
        })
        let down = gateway.process.stderr.wait(seconds: 20) { $0.contains("plugin is down") && $0.contains("broken") }
        #expect(down != nil, "\(gateway.log)")
        var answer = try gateway.admin("/metrics/plugins/broken")
        let deadline = Date(timeIntervalSinceNow: 10)
        while answer.message.contains("being started"), Date() < deadline {
            answer = try gateway.admin("/metrics/plugins/broken")
        }
        #expect(answer.status == 503 && answer.isStatus && answer.message.contains("code 3"), "\(answer.text)")
        #expect(try gateway.admin("/metrics/plugins").text.contains(#""/metrics/plugins/broken""#))
        let metrics = try gateway.admin("/metrics").text
        #expect(Promtool.value(metrics, #"gateway_plugin_up{plugin="broken"}"#) == 0)
        #expect(try #require(Promtool.value(metrics, #"gateway_plugin_starts_total{plugin="broken"}"#)) >= 1)
        #expect(Promtool.value(metrics, #"gateway_plugin_resident_memory_bytes{plugin="broken"}"#) == nil)
    }

    @Test func `a plugin without a backend is no target, and nothing tries to start it`() throws {
        let gateway = try Gateway(plugins: { folder in
            try folder.write("plugins/panel/plugin.json", #"{"id": "panel", "type": "panel", "name": "Panel"}"#)
            try TestPlugins.install("testds", in: folder)
        })
        try gateway.waitForPlugin("testds")
        let answer = try gateway.admin("/metrics/plugins/panel")
        #expect(answer.status == 503 && answer.message.contains("has no backend"), "\(answer.text)")
        #expect(answer["Retry-After"] == nil)
        #expect(try gateway.admin("/metrics/plugins").text.contains("panel") == false)
        #expect(try gateway.admin("/metrics").text.contains("panel") == false)
        #expect(gateway.process.stderr.number(containing: "plugin is down") == 0, "\(gateway.log)")
    }

    @Test func `a plugin that an object names is down when it isn't there, and when it vanishes`() throws {
        let services = [Gateway.Service(plugin: "alpha"), Gateway.Service(plugin: "never-there")]
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: services,
            sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        func value(_ series: String) throws -> Double? {
            Promtool.value(try gateway.admin("/metrics").text, series)
        }
        #expect(try value(#"gateway_plugin_up{plugin="alpha"}"#) == 1)
        #expect(try value(#"gateway_plugin_up{plugin="never-there"}"#) == 0)
        #expect(try value(#"gateway_plugin_phase{plugin="never-there",phase="NotFound"}"#) == 1)
        #expect(try value(#"gateway_plugin_phase{plugin="never-there",phase="Ready"}"#) == 0)
        #expect(try value(#"gateway_plugin_starts_total{plugin="never-there"}"#) == nil)
        let watch = try ServiceWatch(gateway)
        try watch.wait(services[0].name) { $0.isAvailable }
        let (place, gone) = (watch.count, Date())
        try FileManager.default.removeItem(atPath: "\(gateway.folder.path)/plugins/alpha")
        try watch.wait(services[0].name, from: place) { $0.condition("PluginReady") == "False PluginNotFound" }
        #expect(Date().timeIntervalSince(gone) < 1.5)
        #expect(try value(#"gateway_plugin_up{plugin="alpha"}"#) == 0)
        #expect(try value(#"gateway_plugin_phase{plugin="alpha",phase="NotFound"}"#) == 1)
        // It had no metrics while it was there.
        #expect(try !gateway.admin("/metrics/plugins").text.contains("/metrics/plugins/alpha"))
    }

    @Test func `a plugin that hangs is 504 before the scraper gives up`() throws {
        let gateway = try ShowcaseGateway.start()
        let plugin = try #require(ProcessFacts.children(gateway.process.pid).first)
        kill(plugin, SIGSTOP)
        defer { kill(plugin, SIGCONT) }
        let started = Date()
        let answer = try gateway.admin(
            "/metrics/plugins/showcase", [("X-Prometheus-Scrape-Timeout-Seconds", "2")])
        #expect(answer.status == 504 && answer.isStatus, "\(answer.text)")
        #expect(answer.message.contains("within 1 s (the time that the scraper gives)"), "\(answer.message)")
        #expect(Date().timeIntervalSince(started) < 2)
        kill(plugin, SIGCONT)
        #expect(try gateway.admin("/metrics/plugins/showcase").status == 200)
    }

    @Test func `the targets are named by the address that was asked`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        // It has no metrics, and has said so when it is asked.
        #expect(try gateway.admin("/metrics/plugins/testds").status == 501)
        let answer = try gateway.admin("/metrics/plugins", [("Host", "localhost:\(gateway.adminPort)")])
        #expect(answer.status == 200 && answer["Content-Type"] == "application/json", "\(answer.text)")
        let list = try #require(JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]])
        #expect(list.allSatisfy { $0["targets"] as? [String] == ["localhost:\(gateway.adminPort)"] })
        let labels = list.compactMap { $0["labels"] as? [String: String] }
        #expect(labels.compactMap { $0["plugin"] } == ["showcase", "showcase-app"])
        #expect(
            labels.compactMap { $0["__metrics_path__"] }
                == ["/metrics"] + ["showcase", "showcase-app"].map { "/metrics/plugins/\($0)" })
        #expect(labels[1]["__meta_dataplane_plugin_version"] == "0.1.0")
        #expect(try gateway.admin("/metrics/plugins", [("Host", "evil.example")]).status == 403)
        #expect(try gateway.admin("/metrics/plugins", [("Host", "localhost:x")]).status == 400)
        #expect(try gateway.admin("/metrics/plugins", method: "POST").status == 405)
    }

    @Test func `the gateway's metrics show plugins, processes and streams`() throws {
        let gateway = try ShowcaseGateway.start()
        let listener = try BodyLines(gateway, "\(ShowcaseGateway.source)/stream/ticks")
        #expect(try listener.json()["type"] as? String == "subscribed")
        let first = try gateway.admin("/metrics")
        #expect(first["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        if let faults = try Promtool.faults(first.text) { #expect(faults == "") }
        func value(_ name: String) -> Double? { Promtool.value(first.text, name) }
        #expect(value("gateway_streams") == 1 && value("gateway_stream_listeners") == 1)
        #expect(value(#"gateway_plugin_phase{plugin="showcase",phase="Ready"}"#) == 1)
        #expect(value(#"gateway_plugin_phase{plugin="showcase",phase="CrashLooping"}"#) == 0)
        #expect(value(#"gateway_plugin_info{plugin="showcase",type="datasource",version="0.1.0"}"#) == 1)
        #expect(value(#"gateway_plugin_starts_total{plugin="showcase"}"#) == 1)
        let plugin = try #require(ProcessFacts.children(gateway.process.pid).first)
        let memory = try #require(value(#"gateway_plugin_resident_memory_bytes{plugin="showcase"}"#))
        #expect(abs(memory - Double(ProcessFacts.residentBytes(plugin))) < 32e6, "\(memory)")
        #expect(try #require(value(#"gateway_plugin_cpu_seconds_total{plugin="showcase"}"#)) > 0)
        #expect(try #require(value(#"gateway_plugin_open_fds{plugin="showcase"}"#)) > 3)
        #expect(try #require(value("process_cpu_seconds_total")) > 0)
        let age = Date().timeIntervalSince1970 - (value("process_start_time_seconds") ?? 0)
        #expect((0..<300).contains(age), "\(age)")

        let place = gateway.process.stderr.count
        kill(plugin, SIGKILL)
        try gateway.waitForPlugin("plugin.showcase:", from: place)
        let second = try gateway.admin("/metrics").text
        #expect(Promtool.value(second, #"gateway_plugin_starts_total{plugin="showcase"}"#) == 2)
        #expect(Promtool.value(second, #"gateway_plugin_restarts_total{plugin="showcase"}"#) == 1)
    }
}
