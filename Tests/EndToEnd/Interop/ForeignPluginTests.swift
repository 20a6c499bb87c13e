import Foundation
import Testing

/// Programs of others behind and beside the gateway.
@Suite(.timeLimit(.minutes(5)))
struct ForeignPluginTests {
    @Test func `a plugin in Python answers through the gateway`() throws {
        guard let python = try ForeignPlugin.pythonProgram() else { return }
        let gateway = try Gateway(
            plugins: {
                try TestPlugins.install(
                    "py", script: "exec '\(python)' '\(Programs.root)/Tests/Interop/python/plugin.py'", in: $0)
            },
            services: [.init(pluginID: "py")], sources: [.init(uid: "123", type: "py")])
        try gateway.waitForPlugin("py", seconds: 60)
        func ask(_ type: String) throws -> Answer {
            try gateway.request(
                "POST", QueryRouteTests.path, body: QueryCase.queries(#"{"refId":"A","queryType":"\#(type)"}"#))
        }
        let frame = try ask("")
        #expect(frame.status == 200)
        #expect((frame.json.at("results.A.frames.0.data.values.0") as? [Any])?.count == 3, "\(frame.text)")
        let error = try ask("error")
        #expect(error.status == 200)
        #expect(error.json.at("results.A.status") as? Int == 502)
        #expect(error.json.at("results.A.errorSource") as? String == "downstream")
        let failed = try ask("fail")
        #expect(failed.status == 502 && failed.isStatus, "\(failed.text)")
        let big = try ask("big")
        #expect(big.status == 200)
        #expect((big.json.at("results.A.frames.0.data.values.0") as? [Any])?.count == 2_000_000)
        let place = gateway.process.stderr.count
        #expect(try ask("exit").status == 503)
        try gateway.waitForPlugin("py", from: place, seconds: 60)
        #expect(try ask("").status == 200)
    }

    @Test func `Prometheus answers through the example plugin`() throws {
        guard let prometheus = Programs.installed("prometheus") else {
            print("skipped: prometheus is not installed")
            return
        }
        let folder = try TemporaryFolder()
        let configuration = try folder.write("prometheus.yml", "global: {scrape_interval: 1s}\n")
        // The kernel names a port that is free; the pages of Prometheus come through the gateway too.
        let free = try FreePort.take()
        let server = try ChildProcess(
            prometheus,
            [
                "--config.file=\(configuration)", "--storage.tsdb.path=\(folder.path)/data",
                "--web.listen-address=127.0.0.1:\(free)",
            ])
        #expect(
            server.stderr.wait(seconds: 30, containing: "Server is ready to receive web requests") != nil,
            "\(server.stderr.tail())")
        let gateway = try Gateway(
            upstream: free,
            plugins: { folder in
                let manifest = try String(
                    contentsOfFile: "\(Programs.root)/examples/plugins/prometheus/plugin.json", encoding: .utf8)
                try folder.write("plugins/prometheus/plugin.json", manifest)
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder.path)/plugins/prometheus/gpx_prometheus_\(TestPlugins.platform)",
                    withDestinationPath: Programs.built("gpx_prometheus", "PrometheusPlugin"))
                // The helper's data sources lead nowhere; this one is added by its own file.
                try folder.write(
                    "provisioning/datasources/prometheus.yaml",
                    "apiVersion: 1\ndatasources:\n  - {name: p, uid: prom, type: prometheus, url: 'http://127.0.0.1:\(free)'}\n"
                )
            },
            services: [.init(group: "prometheus.grafana.app", version: "v0alpha1", pluginID: "prometheus")])
        try gateway.waitForPlugin("prometheus")
        let path = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/connections/prom/query"
        func ask(_ query: String) throws -> Answer {
            try gateway.request("POST", path, body: #"{"from":"now-5m","to":"now","queries":[\#(query)]}"#)
        }
        let range = try ask(
            #"{"refId":"A","datasource":{"type":"prometheus","uid":"prom"},"expr":"vector(42)","range":true,"intervalMs":15000}"#
        )
        let values = range.json.at("results.A.frames.0.data.values.1") as? [Double]
        #expect((values?.count ?? 0) >= 20 && values?.allSatisfy { $0 == 42 } == true, "\(range.text.prefix(600))")
        let bad = try ask(#"{"refId":"A","expr":"rate(","range":true}"#)
        #expect(bad.status == 200)
        #expect(bad.json.at("results.A.error") as? String != nil, "\(bad.text)")
        let page = try gateway.request("GET", "/api/v1/query?query=1%2B1")
        #expect(page.status == 200 && page.json.at("data.result.1") as? String == "2", "\(page.text)")
        server.end()
        let away = try ask(#"{"refId":"A","expr":"1","range":true}"#)
        #expect(away.status == 200)
        #expect(away.json.at("results.A.error") as? String != nil, "\(away.text)")
    }
}
