import Foundation
import Testing

/// The data source proxy by Grafana's rules.
@Suite(.timeLimit(.minutes(5)))
struct DataSourceProxyTests {
    private func ask(
        _ source: String, _ path: String, _ method: String = "GET", _ headers: [(String, String)] = [],
        body: String? = nil
    ) throws -> Answer {
        try ProxyGateway.shared.get().request(
            method, "\(ProxyGateway.root)/\(source)/proxy\(path)", headers, body: body)
    }

    /// The fields that the data source got.
    private func got(_ answer: Answer, _ name: String) -> [String] {
        (answer.json["headers"] as? [[String]] ?? []).filter { $0[0].lowercased() == name.lowercased() }.map { $0[1] }
    }

    @Test(arguments: [
        ("PX-03", "bare", "/api/v1/query", "/api/v1/query"),
        ("PX-03, query", "full", "/api/v1/query?q=1&r=%2F", "/base/api/v1/query?q=1&r=%2F"),
        ("PX-04", "bare", "", "/"), ("PX-04, slash", "bare", "/", "/"), ("PX-04, base", "full", "", "/base/"),
        ("PX-04, base and slash", "full", "/", "/base/"), ("escapes", "bare", "/a%20b/c%2Fd/", "/a%20b/c%2Fd/"),
        ("PX-05", "bare", "/admin/proxy/settings", "/admin/proxy/settings"),
        ("a source called proxy", "proxy", "/proxy/api", "/proxy/api"), ("slashes", "bare", "//x//y", "/x//y"),
    ])
    func `path and query go on as they came`(id: String, source: String, path: String, target: String) throws {
        let answer = try ask(source, path)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["target"] as? String == target)
    }

    @Test(arguments: [
        ("PX-01", "\(ProxyGateway.root)/unknown/proxy/x"),
        // No route is claimed here, and nobody is behind the gateway.
        ("PX-02", "/apis/proxy.example.com/v1/namespaces/default/app/instance/proxy/x"),
        ("PX-02, group", "/apis/other.example.com/v1/namespaces/default/datasources/bare/proxy/x"),
        ("PX-07", "/no/match/here"), ("PX-07, beside", "\(ProxyGateway.root)/bare/proxies/x"),
    ])
    func `what leads nowhere is 404`(id: String, path: String) throws {
        let answer = try ProxyGateway.shared.get().request("GET", path)
        #expect(answer.status == 404, "\(answer.status) \(answer.text)")
    }

    @Test func `PX-06: a namespace and a source called proxy`() throws {
        let gateway = try ProxyGateway.shared.get()
        // The word is a name where names stand; only the segment behind the source's is the service's.
        let source = "/apis/proxy.example.com/v1/namespaces/org-1/datasources/proxy/proxy/api"
        #expect(try gateway.request("GET", source).json["target"] as? String == "/api")
        let unknown = try gateway.request(
            "GET", "/apis/proxy.example.com/v1/namespaces/proxy/datasources/proxy/proxy/api")
        #expect(unknown.status == 404 && unknown.isStatus && unknown.message.contains("proxy"), "\(unknown.text)")
    }

    @Test func `credentials are the data source's and nobody else's`() throws {
        let answer = try ask(
            "full", "/echo", "POST",
            [
                ("Cookie", "a=1; sid=2; grafana_session=3"), ("Referer", "http://127.0.0.1/d/1"), ("X-Id-Token", "t"),
                ("X-Grafana-Org-Role", "Admin"), ("X_Scope_OrgID", "alias"), ("x-scope-orgid", "mine"),
                ("Connection", "X-Hop"), ("X-Hop", "1"), ("X-Own", "yes"), ("User-Agent", "curl"),
            ], body: "text")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["body"] as? String == "text")
        #expect(got(answer, "Authorization") == ["Basic \(Data("me:secret".utf8).base64EncodedString())"])
        #expect(got(answer, "X-Scope-OrgID") == ["tenant"])
        #expect(got(answer, "Cookie") == ["sid=2"])
        #expect(got(answer, "X-Own") == ["yes"])
        #expect(got(answer, "User-Agent").first?.hasPrefix("Grafana/") == true)
        #expect(got(answer, "X-Forwarded-For") == ["127.0.0.1"])
        #expect(got(answer, "Host") == ["127.0.0.1:\(try Shared.upstream.get().port)"])
        for name in ["X_Scope_OrgID", "Referer", "X-Id-Token", "X-Grafana-Org-Role", "X-Hop", "Connection"] {
            #expect(got(answer, name).isEmpty, "\(name)")
        }
        let own = try ask("full", "/echo", "GET", [("X-DS-Authorization", "Bearer mine")])
        #expect(got(own, "Authorization") == ["Bearer mine"])
        #expect(got(own, "X-DS-Authorization").isEmpty)
        #expect(got(try ask("bare", "/echo", "GET", [("Cookie", "sid=2")]), "Cookie").isEmpty)
    }

    @Test func `answers lose cookies and get a sandbox`() throws {
        let hop = try ask("bare", "/hop")
        #expect(hop.status == 200)
        #expect(hop.all("Set-Cookie").isEmpty)
        #expect(hop.all("Content-Security-Policy") == ["sandbox"])
        #expect(hop["Via"] == "1.1 dataplane-gateway")
        #expect(hop["X-Inner"] == nil)
        let redirect = try ask("bare", "/redirect?to=/elsewhere-of-proxy")
        #expect(redirect.status == 302)
        #expect(redirect["Location"] == "/elsewhere-of-proxy")
        let denied = try ask("bare", "/status?n=401")
        #expect(denied.status == 400 && denied.isStatus)
        #expect(denied.message == "Authentication to data source failed")
        #expect(try ask("bare", "/status?n=404").text == "status")
        let head = try ask("bare", "/head", "HEAD")
        #expect(head.status == 200 && head["Content-Length"] == "4242")
    }

    @Test(arguments: ["metadata", "mapped", "decimal", "zero"])
    func `link-local and unspecified addresses are not dialled`(source: String) throws {
        let answer = try ask(source, "/meta-data")
        #expect(answer.status == 403 && answer.isStatus, "\(answer.text)")
        #expect(answer.message.contains("may not be reached"))
    }

    @Test func `private addresses are a setting`() throws {
        let port = try Shared.upstream.get().port
        let gateway = try ProxyGateway.make(
            [.init(uid: "a", url: "http://127.0.0.1:\(port)"), .init(uid: "b", url: "http://localhost:\(port)")],
            flags: ["--datasource-proxy-private", "false"])
        for source in ["a", "b"] {
            let answer = try gateway.request("GET", "\(ProxyGateway.root)/\(source)/proxy/x")
            #expect(answer.status == 403, "\(answer.text)")
            #expect(answer.message.contains("datasource-proxy-private"))
        }
    }

    @Test func `errors say whose they are`() throws {
        let dead = try ask("dead", "/x")
        #expect(dead.status == 502 && dead.message.contains("data source \"dead\""), "\(dead.text)")
        #expect(!dead.text.contains("127.0.0.1"))
        #expect(try ask("lost", "/x").status == 502)
        let late = try ask("hurried", "/hang")
        #expect(late.status == 504 && late.message.contains("timeout"), "\(late.text)")
        #expect(try ask("bare", "/vanish").status == 502)
        #expect(try ask("bad", "/x").message.hasPrefix("Invalid data source URL"))
        #expect(try ask("unknown", "/x").status == 404)
        #expect(try ask("bare", "/a%2F..%2Fb").status == 400)
        #expect(try ask("bare", "/x", "TRACE").status == 405)
    }

    @Test func `routes of plugin json send requests elsewhere`() throws {
        let cloud = try ask("tenants", "/cloud/items?q=1")
        #expect(cloud.json["target"] as? String == "/eu/v2/items?q=1&k=eu", "\(cloud.text)")
        #expect(got(cloud, "Authorization") == ["Bearer s3cret"])
        let posted = try ask("tenants", "/cloud/items", "POST", body: "")
        #expect(posted.json["target"] as? String == "/cloud/items")
        #expect(got(posted, "Authorization").isEmpty)
        #expect(try ask("tenants", "/%63loud/items").status == 400)
        let ambient = try ask("tenants", "/ambient/x")
        #expect(ambient.status == 501 && ambient.message.contains("\"gce\""), "\(ambient.text)")
    }

    @Test func `bodies stream both ways`() throws {
        let client = try ProxyGateway.shared.get().connect()
        let path = "\(ProxyGateway.root)/bare/proxy"
        try client.send(
            "POST \(path)/duplex HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        let head = try client.readHead()
        #expect(head.status == 200)
        // The first piece is back before the second is sent.
        #expect(try client.readLine() == "3")
        #expect(try client.readLine() == "one")
        try client.send("3\r\ntwo\r\n0\r\n\r\n")
        #expect(try client.readLine() == "3")
        #expect(try client.readLine() == "two")
        #expect(try client.readLine() == "0")
        #expect(try client.readLine() == "")
        let size = 32 << 20
        let big = try client.request("GET", "\(path)/big?n=\(size)")
        #expect(big.body.count == size)
        let sunk = try client.request("POST", "\(path)/sink", body: String(repeating: "a", count: 4 << 20))
        #expect(sunk.text == "\(4 << 20)")
    }

    @Test func `a socket is opened for the gateway's own pages only`() throws {
        let path = "\(ProxyGateway.root)/bare/proxy/ws"
        let client = try ProxyGateway.shared.get().connect()
        try client.send(
            "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        #expect(try client.readHead().status == 101)
        #expect(try client.read(5) == Array("hello".utf8))
        try client.send("back")
        #expect(try client.read(4) == Array("back".utf8))
        let foreign = try ProxyGateway.shared.get().request(
            "GET", path, [("Connection", "Upgrade"), ("Upgrade", "echo"), ("Origin", "http://evil.example")])
        #expect(foreign.status == 403)
    }

    @Test func `a real Prometheus answers reads and gets no writes`() throws {
        guard let prometheus = Programs.installed("prometheus") else {
            print("skipped: prometheus is not installed")
            return
        }
        let folder = try TemporaryFolder()
        let configuration = try folder.write("prometheus.yml", "global: {scrape_interval: 1s}\n")
        let port = try FreePort.take()
        let server = try ChildProcess(
            prometheus,
            [
                "--config.file=\(configuration)", "--storage.tsdb.path=\(folder.path)/data",
                "--web.listen-address=127.0.0.1:\(port)",
            ])
        #expect(
            server.stderr.wait(seconds: 30, containing: "Server is ready to receive web requests") != nil,
            "\(server.stderr.tail())")
        let gateway = try ProxyGateway.make(
            [.init(uid: "prom", url: "http://localhost:\(port)")], pluginID: "prometheus",
            routes: #"[{"method": "POST", "path": "api/v1/query"}]"#)
        let path = "\(ProxyGateway.root)/prom/proxy/api/v1"
        let read = try gateway.request("GET", "\(path)/query?query=vector(42)")
        #expect(read.json.at("data.result.0.value.1") as? String == "42", "\(read.text)")
        let form = try gateway.request(
            "POST", "\(path)/query", [("Content-Type", "application/x-www-form-urlencoded")], body: "query=1%2B1")
        #expect(form.json.at("data.result.1") as? String == "2", "\(form.text)")
        let write = try gateway.request("POST", "\(path)/admin/tsdb/snapshot", body: "")
        #expect(write.status == 403 && write.message.contains("Prometheus"), "\(write.text)")
        server.end()
        #expect(try gateway.request("GET", "\(path)/query?query=1").status == 502)
    }
}
