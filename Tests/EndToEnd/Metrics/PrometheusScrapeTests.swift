import Foundation
import Testing

/// A real Prometheus that finds the gateway and its plugins by itself.
@Suite(.timeLimit(.minutes(5)))
struct PrometheusScrapeTests {
    /// A plugin that never starts, with an id that has to be escaped in a path.
    private static let broken = "odd id?%41"

    private static func configuration(_ gateway: Gateway) -> String {
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs:
          - job_name: dataplane-gateway
            http_sd_configs:
              - url: http://127.0.0.1:\(gateway.adminPort)/metrics/plugins
                refresh_interval: 1s
          - job_name: data-port
            metrics_path: \(ShowcaseGateway.root)/metrics
            static_configs:
              - targets: ["127.0.0.1:\(gateway.port)"]

        """
    }

    /// The Prometheus of a test.
    private struct Server {
        let folder: TemporaryFolder
        let process: ChildProcess
        let port: UInt16

        init(_ program: String, _ configuration: String) throws {
            folder = try TemporaryFolder()
            let file = try folder.write("prometheus.yml", configuration)
            port = try FreePort.take()
            process = try ChildProcess(
                program,
                [
                    "--config.file=\(file)", "--storage.tsdb.path=\(folder.path)/data",
                    "--web.listen-address=127.0.0.1:\(port)",
                ])
            guard process.stderr.wait(seconds: 30, containing: "Server is ready to receive web requests") != nil else {
                throw Trouble("prometheus did not start: \(process.stderr.tail())")
            }
        }

        /// Asks until the answer is as it shall be: Prometheus tells nobody when it has scraped.
        func wait(_ path: String, seconds: Double = 60, for done: ([String: Any]) -> Bool) throws -> [String: Any] {
            let deadline = Date(timeIntervalSinceNow: seconds)
            while true {
                let answer = try RawClient(port: port).request("GET", "/api/v1/\(path)").json
                if done(answer) { return answer }
                guard Date() < deadline else { throw Trouble("not in time: \(path): \(answer)") }
                Thread.sleep(forTimeInterval: 0.1)
            }
        }

        /// Waits for a series and gives its value.
        func value(_ query: String) throws -> String {
            let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "_"))
            let escaped = query.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
            let answer = try wait("query?query=\(escaped)") {
                ($0.at("data.result") as? [Any])?.count == 1
            }
            return answer.at("data.result.0.value.1") as? String ?? ""
        }
    }

    @Test func `every target is found, labelled and scraped, and one that is down is seen as down`() throws {
        guard let program = Programs.installed("prometheus") else {
            print("skipped: prometheus is not installed")
            return
        }
        let gateway = try ShowcaseGateway.start { folder in
            try TestPlugins.install(Self.broken, script: "exit 1", in: folder)
            try folder.write(
                "manifests/absent.yaml",
                ShowcaseGateway.manifest(group: "absent.example", pluginID: "absent", services: ["query"]))
        }
        let server = try Server(program, Self.configuration(gateway))
        defer { server.process.end() }
        func targets(_ answer: [String: Any]) -> [[String: Any]] {
            answer.at("data.activeTargets") as? [[String: Any]] ?? []
        }
        let answer = try server.wait("targets?state=active") { answer in
            targets(answer).count == 5 && targets(answer).allSatisfy { $0["health"] as? String != "unknown" }
        }
        let found = targets(answer)
        func target(_ plugin: String?) -> [String: Any] {
            found.first {
                $0.at("labels.job") as? String == "dataplane-gateway" && $0.at("labels.plugin") as? String == plugin
            } ?? [:]
        }
        let address = "127.0.0.1:\(gateway.adminPort)"
        #expect(target(nil)["health"] as? String == "up", "\(answer)")
        #expect(target("showcase")["health"] as? String == "up", "\(answer)")
        #expect(target("showcase")["scrapeUrl"] as? String == "http://\(address)/metrics/plugins/showcase")
        #expect(target("showcase").at("labels.instance") as? String == address)
        let version = target("showcase")["discoveredLabels"] as? [String: String]
        #expect(version?["__meta_dataplane_plugin_version"] == "0.1.0", "\(answer)")
        // The id came through: any other would be 404.
        #expect((target(Self.broken)["lastError"] as? String)?.contains("503") == true, "\(answer)")
        #expect((target("absent")["lastError"] as? String)?.contains("404") == true, "\(answer)")

        let job = #"job="dataplane-gateway""#
        #expect(Double(try server.value("showcase_uptime_seconds{plugin=\"showcase\",\(job)}")) ?? 0 > 0)
        #expect(Double(try server.value(#"showcase_uptime_seconds{job="data-port"}"#)) ?? 0 > 0)
        #expect(try server.value("gateway_plugin_up{plugin=\"showcase\",\(job)}") == "1")
        #expect(try server.value("up{plugin=\"\(Self.broken)\"}") == "0")
        #expect(try server.value("gateway_build_info") == "1")
        let scrapes = try server.value(#"gateway_requests_total{handler="metrics",code="200"}"#)
        #expect(Double(scrapes) ?? 0 >= 1)
    }
}
