import Foundation
import Testing

/// Grafana below a path (`serve_from_sub_path`): everything works below it, and nothing outside it changes.
@Suite(.timeLimit(.minutes(5)))
struct SubPathTests {
    private struct Pair {
        let upstream: Upstream
        let gateway: Gateway
    }

    private static let login = ("Authorization", "Basic YWRtaW46YWRtaW4=")
    private static let query = "/apis/test.example.com/v1/namespaces/default/datasources/123/query"

    private static let shared = Result {
        let upstream = try Upstream(isGrafana: true)
        let gateway = try Gateway(
            plugins: { folder in
                try TestPlugins.install("testds", in: folder)
                try folder.write(
                    "manifests/upstream.yaml",
                    BackendGateway.upstream("grafana.example", services: ["query", "health", "resource"]))
                try folder.write(
                    "manifests/route.yaml",
                    BackendGateway.upstream("route.example", services: ["route\n      path: /{rest...}"]))
                try folder.write(
                    "manifests/mixed.yaml",
                    BackendGateway.upstream(
                        "mixed.example", services: ["query"], more: "  pluginID: testds\n  pluginType: datasource\n"
                    )
                    .replacing("{type: upstream}", with: "{type: plugin, fallback: upstream}"))
            }, services: [.init()], sources: [.init(uid: "123")],
            flags: ["--upstream", "http://127.0.0.1:\(upstream.port)/grafana/"])
        try gateway.waitForPlugin("testds")
        return Pair(upstream: upstream, gateway: gateway)
    }

    @Test(arguments: [
        "/grafana/echo?a=/grafana", "/grafana", "/grafana/", "/grafanax/apis/x", "/grafanax", "/echo?x", "/",
        "/Grafana/apis",
        "/grafana/api/dashboards/uid/x", "/grafana/public/build/a.js", "/grafana/grafana/apis/x",
        "/grafana/apis/nobody.example/v1/x",
        "/grafana/api/ds/query?ds_type=x", "/grafana/a%2Fb", "/grafana/openapi/v3/apis/nobody.example/v1",
    ])
    func `what the gateway doesn't own goes on as it came`(target: String) throws {
        let pair = try Self.shared.get()
        let mark = "m\(Int.random(in: 0...1 << 40))"
        let sent = target + (target.contains("?") ? "&" : "?") + mark
        _ = try pair.gateway.request("GET", sent)
        #expect(try pair.upstream.recorded(mark).map(\.line) == ["GET \(sent) HTTP/1.1"])
    }

    @Test(arguments: ["", "/grafana"])
    func `claimed routes and the API are there with and without the path`(base: String) throws {
        let pair = try Self.shared.get()
        let gateway = pair.gateway
        let body = QueryCase.queries(#"{"refId":"A"}"#)
        #expect(try gateway.request("POST", base + Self.query, body: body).json["results"] != nil)
        #expect(try gateway.request("GET", base + Self.query).status == 405)
        let list = try gateway.request("GET", "\(base)/apis/aggregation.grafana.app/v0alpha1/dataplaneservices")
        #expect(list.json["kind"] as? String == "DataPlaneServiceList", "\(list.text)")
        let absolute = try gateway.connect()
        try absolute.send(
            "GET http://localhost\(base)/apis/aggregation.grafana.app/v0alpha1/dataplaneservices HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        #expect(try absolute.readAnswer().json["kind"] as? String == "DataPlaneServiceList")
        #expect(try gateway.request("GET", "\(base)/version").json["gitVersion"] != nil)
        #expect(try gateway.request("GET", "\(base)/readyz").text == "ok")
        #expect(try gateway.request("GET", "\(base)/livez?verbose").text.contains("livez check passed"))
        #expect(try gateway.request("GET", "\(base)/api").json["kind"] as? String == "APIVersions")
        let explained = try gateway.admin("/explain?method=POST&path=\(base)\(Self.query)").text
        #expect(explained.contains("service   query"), "\(explained)")
        let groups = try gateway.request("GET", "\(base)/apis?\(base.count)").text
        #expect(groups.contains("aggregation.grafana.app"), "\(groups)")
        #expect(try pair.upstream.recorded("GET /grafana/apis HTTP").count > 0)
        #expect(try pair.upstream.recorded("GET /apis HTTP").isEmpty)
    }

    @Test(arguments: ["", "/grafana"])
    func `the upstream as a backend is asked below the path`(base: String) throws {
        let pair = try Self.shared.get()
        // The cases share the upstream; this one's queries are those with its mark.
        let own = "from-\(Int.random(in: 0...1 << 40))"
        for group in ["grafana.example", "mixed.example"] {
            let answer = try pair.gateway.request(
                "POST", "\(base)/apis/\(group)/v1/namespaces/default/datasources/db-1/query", [Self.login],
                body: #"{"from":"now-1h","to":"now","queries":[{"refId":"A","mark":"\#(own)"}]}"#)
            #expect(answer.status == 200 && answer.json.at("results.A") != nil, "\(answer.text)")
        }
        #expect(
            try pair.upstream.recorded("POST /grafana/api/ds/query").filter { $0.body.contains(own) }.count == 2)
        let health = try pair.gateway.request(
            "GET", "\(base)/apis/grafana.example/v1/namespaces/default/datasources/db-1/health", [Self.login])
        #expect(health.status == 200, "\(health.text)")
        #expect(try !pair.upstream.recorded("GET /grafana/api/datasources/uid/db-1/health").isEmpty)
        let mark = "r\(Int.random(in: 0...1 << 40))"
        _ = try pair.gateway.request("GET", "\(base)/apis/route.example/v1/namespaces/default/a/\(mark)?q=1")
        #expect(
            try pair.upstream.recorded(mark).map(\.line)
                == ["GET /grafana/apis/route.example/v1/namespaces/default/a/\(mark)?q=1 HTTP/1.1"])
        #expect(try pair.upstream.recorded(" /api/").isEmpty)
    }

    @Test(arguments: [
        "/grafana/%61pis/hidden", "/%67rafana/apis/hidden", "/grafana/../apis/hidden", "/grafana//apis/hidden",
        "/grafana/./apis/hidden", "/grafana%2Fapis/hidden", "//grafana/apis/hidden", "/x/../grafana/apis/hidden",
        "/grafana;a/apis/hidden", "/grafana\\apis/hidden", "/grafana/apis/a/%2e%2e/hidden", "/grafana/apis/%00/hidden",
        "/grafana/%2561pis/hidden",
    ])
    func `a path that only looks unowned is refused below the path too`(path: String) throws {
        let pair = try Self.shared.get()
        let answer = try pair.gateway.request("GET", path)
        #expect(answer.status == 400 && answer.isStatus, "\(answer.text)")
        #expect(try pair.upstream.recorded("hidden").isEmpty)
    }

    @Test func `a WebSocket of the page passes`() throws {
        let pair = try Self.shared.get()
        let socket = try WebSocketClient(pair.gateway, "/grafana/websocket/live")
        #expect(socket.head.status == 101)
        #expect(try socket.read().payload == Array("hello".utf8))
    }
}
