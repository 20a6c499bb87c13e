import Foundation
import Testing

/// Objects and data sources that the upstream's own API answers for, with the caller's credentials.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamBackendTests {
    private static let login = ("Authorization", "Basic YWRtaW46YWRtaW4=")
    private static let root = "/apis/grafana.example/v1/namespaces/default/datasources"

    private struct Pair {
        let upstream: Upstream
        let gateway: Gateway
    }

    private static let shared = Result {
        let upstream = try Upstream(isGrafana: true)
        let gateway = try BackendGateway.start(
            [
                BackendGateway.upstream(
                    "grafana.example", services: ["query", "health", "resource", "datasource-proxy", "stream"]),
                BackendGateway.upstream(
                    "typed.example", services: ["query", "metrics"],
                    more: "  pluginID: testds\n  pluginType: datasource\n"),
                BackendGateway.upstream(
                    "app.example", services: ["health", "resource", "datasource-proxy"],
                    more: "  pluginID: my-app\n  pluginType: app\n"),
                BackendGateway.upstream(
                    "late.example", services: ["query", "health"], more: "  limits: {timeoutSeconds: 1}\n"),
                BackendGateway.upstream("route.example", services: ["route\n      path: /{rest...}"]),
                BackendGateway.upstream(
                    "small.example", services: ["query", "resource"],
                    more: "  limits: {maxRequestBytes: 200, maxResponseBytes: 300}\n"),
                """
                apiVersion: aggregation.grafana.app/v0alpha1
                kind: DataPlaneService
                metadata:
                  name: v1.mixed.example
                spec:
                  pluginID: testds
                  pluginType: datasource
                  group: mixed.example
                  version: v1
                  backend: {type: plugin, fallback: upstream}
                  services: [{type: query}, {type: health}, {type: resource}, {type: stream}]

                """,
            ], upstream: upstream.port, plugins: ["testds"], sources: [.init(uid: "here")])
        try gateway.waitForPlugin("testds")
        return Pair(upstream: upstream, gateway: gateway)
    }

    private func query(_ text: String) -> String { #"{"from":"now-1h","to":"now","queries":[\#(text)]}"# }

    /// What Grafana got as a query: the test server puts it into a column.
    private func received(_ answer: Answer, _ refID: String = "A") -> [String: Any] {
        let text = answer.json.at("results.\(refID).frames.0.data.values.1.0") as? String ?? ""
        return (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }

    @Test func `a query is asked at Grafana's own endpoint`() throws {
        let gateway = try Self.shared.get().gateway
        let answer = try gateway.request(
            "POST", "\(Self.root)/db-1/query", [Self.login, ("Accept-Encoding", "gzip")],
            body: query(#"{"expr":"up","datasource":{"uid":"db-1","type":"testds"},"big":12345678901234567890.10}"#))
        #expect(answer.status == 200, "\(answer.text)")
        let sent = received(answer)
        #expect(sent["refId"] as? String == "A" && sent["expr"] as? String == "up")
        #expect(sent.at("datasource.uid") as? String == "db-1" && sent.at("datasource.type") as? String == "testds")
        #expect(Int(sent.at("timeRange.from") as? String ?? "") ?? 0 > 1_600_000_000_000)
        #expect(answer.json.at("results.A.frames.0.data.values.0.0") as? Int == 1)
        // The organisation is the namespace's, not what a client says.
        let other = try gateway.request(
            "POST", Self.root.replacingOccurrences(of: "default", with: "org-2") + "/db-1/query",
            [Self.login, ("X-Grafana-Org-Id", "1"), ("Content-Type", "text/plain")], body: query(#"{"refId":"A"}"#))
        #expect(other.json.at("results.A.frames.0.data.values.0.0") as? Int == 2, "\(other.text)")
        let cookie = try gateway.request(
            "POST", "\(Self.root)/db-1/query", [("Cookie", "a=b; grafana_session=good")], body: query(#"{"refId":"A"}"#)
        )
        #expect(cookie.status == 200, "\(cookie.text)")
    }

    @Test func `errors of queries stay with their refIds and errors of the whole are a Status`() throws {
        let gateway = try Self.shared.get().gateway
        func ask(_ uid: String, _ queries: String, _ headers: [(String, String)] = [Self.login]) throws -> Answer {
            try gateway.request("POST", "\(Self.root)/\(uid)/query", headers, body: queries)
        }
        let mixed = try ask("db-1", query(#"{"refId":"A"},{"refId":"B","fail":1}"#))
        #expect(mixed.status == 200, "\(mixed.text)")
        #expect(mixed.json.at("results.B.status") as? Int == 400 && mixed.json.at("results.A.status") as? Int == 200)
        let all = try ask("db-1", query(#"{"refId":"A","fail":1}"#))
        #expect(all.status == 200 && all.json.at("results.A.errorSource") as? String == "downstream", "\(all.text)")
        for (uid, queries, headers, status, word) in [
            (
                "nowhere", query(#"{"refId":"A"}"#), [Self.login], 404,
                "datasources.grafana.example \"nowhere\" not found"
            ),
            ("db-1", query(#"{"refId":"A","down":1}"#), [Self.login], 500, "Query data error"),
            ("db-1", query(#"{"refId":"A"}"#), [], 401, "Unauthorized"),
            ("db-1", "{}", [Self.login], 400, "missing datasource reference"),
            ("db-1", query(#"{"datasource":{"uid":"x"}}"#), [Self.login], 400, "invalid datasource UID"),
            ("db-1", query(#"{"datasource":{"uid":"__expr__"}}"#), [Self.login], 400, "/api/ds/query"),
            ("__expr__", query(#"{"refId":"A","type":"sql"}"#), [Self.login], 400, "/api/ds/query"),
            ("db-1", query(#"{"refId":"A","odd":"{\"hi\":1}"}"#), [Self.login], 502, "is --upstream a Grafana"),
            ("db-1", query(#"{"refId":"A","odd":""}"#), [Self.login], 502, "is --upstream a Grafana"),
            ("db-1", query(#"{"refId":"A","odd":"{\"results\":"}"#), [Self.login], 502, "is --upstream a Grafana"),
        ] as [(String, String, [(String, String)], Int, String)] {
            let answer = try ask(uid, queries, headers)
            #expect(answer.status == status && answer.isStatus, "\(uid) \(queries): \(answer.text)")
            #expect(answer.message.contains(word), "\(answer.message)")
        }
        let foreign = try gateway.request(
            "POST", Self.root.replacingOccurrences(of: "default", with: "org-3") + "/db-1/query", [Self.login],
            body: query(#"{"refId":"A"}"#))
        #expect(foreign.status == 403 && foreign.isStatus && foreign.message.contains("permissions"), "\(foreign.text)")
        #expect(try gateway.request("GET", "\(Self.root)/db-1/query", [Self.login])["Allow"] == "POST")
        let page = try ask(
            "db-1", query(#"{"refId":"A"}"#), [("Cookie", "grafana_session=good"), ("Origin", "http://evil.example")])
        #expect(page.status == 403 && page.isStatus, "\(page.text)")
    }

    @Test func `an answer that stops in the middle is late, and a large one streams`() throws {
        let gateway = try Self.shared.get().gateway
        let late = "/apis/late.example/v1/namespaces/default/datasources/db-1"
        let query = try gateway.request("POST", "\(late)/query", [Self.login], body: query(#"{"refId":"A","stall":1}"#))
        #expect(query.status == 504 && query.message.contains("limits.timeoutSeconds"), "\(query.text)")
        let health = try gateway.request(
            "GET", "/apis/late.example/v1/namespaces/default/datasources/db-stall/health", [Self.login])
        #expect(health.status == 504 && health.isStatus, "\(health.text)")
        let large = try gateway.request(
            "POST", "\(Self.root)/db-1/query", [Self.login], body: self.query(#"{"refId":"A","pad":300000}"#))
        #expect(large.status == 200 && large.body.count > 300_000 && large.json.at("results.A.status") as? Int == 200)
    }

    @Test func `health has the shape of the health bridge`() throws {
        let gateway = try Self.shared.get().gateway
        let well = try gateway.request("GET", "\(Self.root)/db-1/health", [Self.login])
        #expect(well.status == 200, "\(well.text)")
        #expect(well.json["kind"] as? String == "HealthCheckResult" && well.json["code"] as? Int == 1)
        #expect(well.json["apiVersion"] as? String == "grafana.example/v1")
        #expect(well.json.at("details.version") as? String == "9")
        let sick = try gateway.request("GET", "\(Self.root)/db-sick/health", [Self.login])
        #expect(sick.status == 400 && sick.json["status"] as? String == "ERROR", "\(sick.text)")
        #expect(sick.json.at("details.tries") as? Int == 3)
        let head = try gateway.connect().request("HEAD", "\(Self.root)/db-1/health", [Self.login])
        #expect(head.status == 200 && head.body.isEmpty)
        let gone = try gateway.request("GET", "\(Self.root)/gone/health", [Self.login])
        #expect(gone.status == 404 && gone.isStatus && gone.message.contains("\"gone\" not found"), "\(gone.text)")
        #expect(try gateway.request("GET", "\(Self.root)/db-1/health").status == 401)
        let app = try gateway.request(
            "GET", "/apis/app.example/v1/namespaces/default/app/instance/health", [Self.login])
        #expect(app.status == 200 && app.json["message"] as? String == "the app is well", "\(app.text)")
    }

    @Test(arguments: [
        (
            "grafana", "datasources/db-1/resources/a%2Fb/c?x=1&y=%20",
            "/api/datasources/uid/db-1/resources/a%2Fb/c?x=1&y=%20"
        ),
        ("grafana", "datasources/db-1/resource", "/api/datasources/uid/db-1/resources"),
        (
            "grafana", "connections/db-1/proxy/api/v1/query?query=up",
            "/api/datasources/proxy/uid/db-1/api/v1/query?query=up"
        ),
        ("app", "app/instance/resources/x", "/api/plugins/my-app/resources/x"),
        ("app", "app/instance/proxy/x/y", "/api/plugin-proxy/my-app/x/y"),
        ("route", "any/path;x?q=%2f", "/apis/route.example/v1/namespaces/default/any/path;x?q=%2f"),
    ])
    func `resources, proxied paths and routes pass both ways`(group: String, path: String, target: String) throws {
        let shared = try Self.shared.get()
        let answer = try shared.gateway.request(
            "PUT", "/apis/\(group).example/v1/namespaces/default/\(path)", [Self.login, ("X-Mine", "1")], body: "sent")
        if group == "route" {
            #expect(try shared.upstream.recorded(target).last?.body == "sent", "\(answer.text)")
            return
        }
        #expect(answer.json["target"] as? String == target, "\(answer.text)")
        #expect(answer.json["method"] as? String == "PUT" && answer.json["body"] as? String == "sent")
        // It is Grafana's own answer, for Grafana's own client.
        #expect(answer["Set-Cookie"] == "grafana_session=next")
    }

    @Test func `a path that leaves the data source is refused`() throws {
        let gateway = try Self.shared.get().gateway
        for path in ["..%2f..%2fadmin", "x%2f..%2f..%2f..%2fadmin", "%2e%2e%2fusers"] {
            let answer = try gateway.request("GET", "\(Self.root)/db-1/resources/\(path)", [Self.login])
            #expect(answer.status == 400 && answer.isStatus, "\(path): \(answer.text)")
        }
        // A uid that a server on the way could take for a path doesn't get there; any other is one segment.
        for uid in ["a%2F..%2Fb", "x%5Cy", "%2e%2e%2f"] {
            let odd = try gateway.request("GET", "\(Self.root)/\(uid)/health", [Self.login])
            #expect([400, 404].contains(odd.status) && odd.isStatus, "\(odd.text)")
        }
        _ = try gateway.request("GET", "\(Self.root)/a%3Fc/health", [Self.login])
        let lines = try Self.shared.get().upstream.recorded("/api/datasources/uid/").map(\.line)
        #expect(lines.contains { $0.contains("/uid/a%3Fc/health") }, "\(lines)")
        #expect(!lines.contains { $0.contains("%2F..") || $0.contains("%5C") }, "\(lines)")
        let route = try gateway.request(
            "GET", "/apis/route.example/v1/namespaces/default/x/..%2f..%2fadmin", [Self.login])
        #expect(route.status == 400 && route.isStatus, "\(route.text)")
        let trace = try gateway.request("TRACE", "\(Self.root)/db-1/resources/x", [Self.login])
        #expect(trace.status == 405, "\(trace.text)")
    }

    @Test func `types are checked where the object names a plugin`() throws {
        let gateway = try Self.shared.get().gateway
        let path = "/apis/typed.example/v1/namespaces/default/datasources/db-1/query"
        let wrong = try gateway.request(
            "POST", path, [Self.login], body: query(#"{"datasource":{"uid":"db-1","type":"loki"}}"#))
        #expect(wrong.status == 400 && wrong.message.contains("invalid datasource type"), "\(wrong.text)")
        let right = try gateway.request("POST", path, [Self.login], body: query(#"{"refId":"A"}"#))
        #expect(received(right).at("datasource.type") as? String == "testds", "\(right.text)")
        let metrics = try gateway.request("GET", "/apis/typed.example/v1/metrics", [Self.login])
        #expect(metrics.status == 200 && metrics.text.contains("up 1"), "\(metrics.text)")
    }

    @Test func `what the upstream has no API for is 501 and shows in the condition`() throws {
        let gateway = try Self.shared.get().gateway
        let answer = try gateway.request("GET", "\(Self.root)/db-1/stream/x", [Self.login])
        #expect(answer.status == 501 && answer.isStatus, "\(answer.text)")
        let watch = try ServiceWatch(gateway)
        let state = try watch.wait("v1.grafana.example") {
            $0.condition("PluginReady") == "False ServiceTypeNotImplemented"
        }
        #expect(state.message("PluginReady").hasSuffix("stream"))
        try watch.wait("v1.typed.example") { $0.isAvailable }
        let alone = try BackendGateway.start([BackendGateway.upstream("lost.example", services: ["query"])])
        try ServiceWatch(alone).wait("v1.lost.example") { $0.condition("Available") == "False UpstreamNotConfigured" }
        let lost = try alone.request(
            "POST", "/apis/lost.example/v1/namespaces/default/datasources/x/query", body: query(#"{"refId":"A"}"#))
        #expect(lost.status == 503 && lost.message.contains("--upstream"), "\(lost.text)")
    }

    @Test func `limits hold towards the upstream`() throws {
        let gateway = try Self.shared.get().gateway
        let root = "/apis/small.example/v1/namespaces/default/datasources/db-1"
        let long = String(repeating: "x", count: 201)
        for path in ["query", "resources/x"] {
            let answer = try gateway.request("POST", "\(root)/\(path)", [Self.login], body: long)
            #expect(
                answer.status == 413 && answer.message.contains("limits.maxRequestBytes"), "\(path): \(answer.text)")
        }
        let large = try gateway.request("GET", "\(root)/resources/\(String(repeating: "y", count: 300))", [Self.login])
        #expect(large.status == 502 && large.message.contains("limits.maxResponseBytes"), "\(large.text)")
    }

    @Test func `a plugin's object asks the upstream about data sources that only it knows`() throws {
        let gateway = try Self.shared.get().gateway
        let root = "/apis/mixed.example/v1/namespaces/default/datasources"
        let own = try gateway.request("POST", "\(root)/here/query", body: query(#"{"refId":"A"}"#))
        #expect(own.status == 200 && own.json.at("results.A.frames") != nil, "\(own.text)")
        #expect(received(own).isEmpty, "the plugin answers, not Grafana: \(own.text)")
        let other = try gateway.request("POST", "\(root)/db-1/query", [Self.login], body: query(#"{"refId":"A"}"#))
        #expect(received(other).at("datasource.type") as? String == "testds", "\(other.text)")
        #expect(try gateway.request("GET", "\(root)/db-1/health", [Self.login]).json["code"] as? Int == 1)
        #expect(try gateway.request("GET", "\(root)/db-1/health").status == 401)
        #expect(try gateway.request("GET", "\(root)/unknown/health", [Self.login]).status == 404)
        // Streams are not to be had there.
        let stream = try gateway.request("GET", "\(root)/db-1/stream/x", [Self.login])
        #expect(stream.status == 404 && stream.isStatus, "\(stream.text)")
        try ServiceWatch(gateway).wait("v1.mixed.example") { $0.condition("Accepted") == "True RoutesRegistered" }
    }
}
