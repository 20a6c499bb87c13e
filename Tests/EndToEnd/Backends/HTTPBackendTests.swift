import Foundation
import Testing

/// Objects whose routes an HTTP server answers.
@Suite(.timeLimit(.minutes(5)))
struct HTTPBackendTests {
    private static let root = BackendGateway.root

    /// A gateway in front of the shared test server, with and without a base path, and what there is to say about both.
    private static let shared = Result {
        let port = try Shared.upstream.get().port
        let services = """
                - {type: query}
                - {type: admission}
                - {type: stream}

            """
        return try BackendGateway.start(
            [
                BackendGateway.http("http://127.0.0.1:\(port)/echo"),
                BackendGateway.http("http://localhost:\(port)/say/", group: "say.example"),
                BackendGateway.http("http://127.0.0.1:\(port)/ws", group: "ws.example"),
                BackendGateway.http(
                    "http://127.0.0.1:\(port)/hang", group: "late.example", spec: limits("timeoutSeconds: 1")),
                BackendGateway.http(
                    "http://127.0.0.1:\(port)/echo", group: "small.example",
                    spec: limits("maxRequestBytes: 100, maxResponseBytes: 1000")),
                BackendGateway.http("http://127.0.0.1:1", group: "down.example"),
                BackendGateway.http("http://169.254.169.254", group: "metadata.example"),
                BackendGateway.http("http://127.0.0.1:\(port)", group: "lacking.example", services: services),
            ], upstream: port)
    }

    private static func limits(_ text: String) -> String { "  limits: {\(text)}\n" }

    private func path(_ rest: String, _ group: String = "example.grafana.app") -> String {
        "/apis/\(group)/v1/namespaces/default\(rest)"
    }

    @Test(arguments: [
        ("RT-01", "GET", "/test/12345/example", ""), ("RT-02", "GET", "/test/12345/example?foo=bar", ""),
        ("RT-04", "POST", "/test", "example body"), ("RT-05", "GET", "/all", ""),
        ("RT-06", "POST", "/all", "no method"),
        ("RT-08", "GET", "/deep/a%2Fb/c;d?x=%20&x=+", ""), ("RT-08", "DELETE", "/deep/caf%C3%A9/", ""),
    ])
    func `a route goes on byte by byte below the base path`(row: String, method: String, rest: String, body: String)
        throws
    {
        let answer = try Self.shared.get().request(method, path(rest), body: body.isEmpty ? nil : body)
        #expect(answer.status == 200, "\(row): \(answer.text)")
        #expect(answer.json["target"] as? String == "/echo\(path(rest))", "\(row)")
        #expect(answer.json["method"] as? String == method && answer.json["body"] as? String == body, "\(row)")
    }

    @Test func `RT-15 HEAD is answered where GET is`() throws {
        let answer = try Self.shared.get().connect().request("HEAD", path("/test/1/example"))
        #expect(answer.status == 200 && answer.body.isEmpty)
        #expect(Int(answer["Content-Length"] ?? "") ?? 0 > 100)
    }

    @Test(arguments: [
        ("RT-03", "POST", "/test/12345/example"), ("RT-07", "GET", "/all/{test}"), ("RT-07", "GET", "/all/"),
        ("RT-16", "GET", "/other"),
    ])
    func `what is not claimed goes on to the delegate`(row: String, method: String, rest: String) throws {
        let answer = try Self.shared.get().request(method, path(rest), body: method == "POST" ? "b" : nil)
        #expect(answer.json["target"] as? String == path(rest), "\(row): \(answer.text)")
    }

    @Test func `RT-12 the user is stated and what clients claim is not`() throws {
        let gateway = try Self.shared.get()
        let answer = try gateway.request(
            "GET", path("/all"),
            [
                ("X-Remote-User", "root"), ("X-Remote-Group", "system:masters"), ("X-Remote-Extra-Scopes", "all"),
                ("X_Remote_User", "root"), ("Impersonate-User", "root"), ("X-WEBAUTH-USER", "root"),
                ("Authorization", "Basic YWRtaW46YWRtaW4="), ("Cookie", "grafana_session=secret"),
                ("X-Grafana-Id", "token"), ("X-Id-Token", "token"), ("X-Forwarded-For", "8.8.8.8"),
                ("X-Forwarded-Proto", "https"), ("User-Agent", "kubectl/v1.33"), ("X-Custom", "stays"),
                ("Connection", "X-Remote-User"),
            ])
        // Nobody signs in yet, and then the gateway vouches for nobody.
        let first = try gateway.request(
            "GET", path("/all"),
            [
                ("X-Custom", "stays"), ("User-Agent", "kubectl/v1.33"), ("X_Id_Token", "t"), ("X-Grafana-Org-Id", "7"),
                ("X_Remote_User", "root"),
            ])
        #expect(answer.status == 403 && answer.isStatus, "a forwarded request is not the admin's: \(answer.text)")
        let fields = (first.json["headers"] as? [[String]] ?? []).map { ($0[0].lowercased(), $0[1]) }
        func values(_ name: String) -> [String] { fields.filter { $0.0 == name }.map(\.1) }
        #expect(
            values("x-remote-user") == ["system:anonymous"] && values("x-remote-group") == ["system:unauthenticated"])
        #expect(!fields.contains { ["x_id_token", "x-grafana-org-id", "x_remote_user"].contains($0.0) }, "\(fields)")
        #expect(values("x-custom") == ["stays"] && values("user-agent") == ["kubectl/v1.33"])
        #expect(values("x-forwarded-for") == ["127.0.0.1"] && values("x-forwarded-proto") == ["http"])
        #expect(values("host") == ["127.0.0.1:\(try Shared.upstream.get().port)"])
    }

    @Test func `an answer passes without cookies, and a redirect does not`() throws {
        let gateway = try Self.shared.get()
        func say(_ text: String) throws -> Answer {
            let hex = text.utf8.map { String(format: "%02x", $0) }.joined()
            return try gateway.request("GET", path("/deep/x?keep&hex=\(hex)", "say.example"))
        }
        let page = try say(
            "HTTP/1.1 201 Made\r\nContent-Length: 2\r\nSet-Cookie: grafana_session=evil\r\nX-Own: 1\r\n"
                + "Clear-Site-Data: \"*\"\r\nRefresh: 0; url=http://127.0.0.1:1/\r\nAlt-Svc: clear\r\n"
                + "Content-Security-Policy: none\r\nConnection: X-Inner\r\nX-Inner: 1\r\n\r\nok")
        #expect(page.status == 201 && page.text == "ok" && page["X-Own"] == "1")
        #expect(page["Clear-Site-Data"] == nil && page["Refresh"] == nil && page["Alt-Svc"] == nil)
        #expect(page["Set-Cookie"] == nil && page["X-Inner"] == nil && page["Content-Security-Policy"] == "sandbox")
        for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
            let answer = try say("HTTP/1.1 \(status)\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
            #expect(answer.status == 502 && answer.isStatus && answer["Location"] == nil, "\(status): \(answer.text)")
            #expect(answer.message.contains("redirect"))
        }
        #expect(try say("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n").status == 304)
        // Who isn't known to the backend hears so.
        let unknown = try say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\nWWW-Authenticate: Bearer\r\n\r\nno!")
        #expect(unknown.status == 401 && unknown.text == "no!")
        #expect(try say("HTTP/1.1 200 OK\r\nContent-Length: zehn\r\n\r\n").status == 503)
    }

    @Test(arguments: ["..%2f..%2fadmin", "..%5c..%5cadmin", "..;/..;/admin", "x%2f..%2fy", "%2e%2e%2fx"])
    func `a path that a server may read as one beside its own is refused`(rest: String) throws {
        let answer = try Self.shared.get().request("GET", path("/deep/\(rest)"))
        #expect(answer.status == 400 && answer.isStatus, "\(answer.text)")
    }

    @Test func `trailers are held to the rules of the head`() throws {
        let client = try Self.shared.get().connect()
        try client.send(
            "POST \(path("/all")) HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "1\r\na\r\n0\r\nX-Grafana-Id: t\r\nX-Id-Token: t\r\nX-Remote-User: root\r\nX-Sum: 1\r\n\r\n")
        let answer = try client.readAnswer(to: "POST")
        let trailers = (answer.json["trailers"] as? [[String]] ?? []).map { $0[0] }
        #expect(trailers == ["X-Sum"], "\(answer.text)")
    }

    @Test func `an upgrade is passed on, but not for another page`() throws {
        let gateway = try Self.shared.get()
        let client = try gateway.connect()
        let target = path("/deep/socket", "ws.example")
        try client.send(
            "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        let head = try client.readHead()
        #expect(head.status == 101)
        #expect(try client.read(5) == Array("hello".utf8))
        try client.send("there")
        #expect(try client.read(5) == Array("there".utf8))
        let foreign = try gateway.request(
            "GET", target, [("Connection", "Upgrade"), ("Upgrade", "echo"), ("Origin", "http://evil.example")])
        #expect(foreign.status == 403 && foreign.isStatus, "\(foreign.text)")
    }

    @Test(arguments: [
        ("RT-13", "POST", "/datasources/x/query", "QueryDataHandler not implemented"),
        ("RT-13", "POST", "/connections/x/query", "QueryDataHandler not implemented"),
        ("RT-14", "POST", "/admission/mutate", "AdmissionMutationHandler not implemented"),
        ("RT-14", "POST", "/admission/validate", "AdmissionValidationHandler not implemented"),
        ("RT-13", "GET", "/datasources/x/stream/y", "the service stream not implemented"),
    ])
    func `what an http backend lacks is 501 and shows in the condition`(
        row: String, method: String, rest: String, words: String
    ) throws {
        let gateway = try Self.shared.get()
        let scope = rest.hasPrefix("/admission") ? "" : "/namespaces/default"
        let answer = try gateway.request(
            method, "/apis/lacking.example/v1\(scope)\(rest)", body: method == "POST" ? "{}" : nil)
        #expect(answer.status == 501 && answer.isStatus && answer.message.hasPrefix(words), "\(row): \(answer.text)")
        let state = try ServiceWatch(gateway).wait("v1.lacking.example") {
            $0.condition("PluginReady") == "False ServiceTypeNotImplemented"
        }
        #expect(state.message("PluginReady").contains("admission, query, stream"))
        #expect(state.condition("Accepted") == "True RoutesRegistered")
    }

    @Test func `RT-11 a backend that is down is 503 with the cause`() throws {
        let gateway = try Self.shared.get()
        let answer = try gateway.request("GET", path("/all", "down.example"))
        #expect(answer.status == 503 && answer.isStatus && answer["Retry-After"] != nil, "\(answer.text)")
        #expect(answer.message.contains("the backend of v1.down.example") && answer.message.contains("refused"))
        #expect(!answer.message.contains("127.0.0.1"))
        let state = try ServiceWatch(gateway).wait("v1.down.example") {
            $0.condition("PluginReady") == "False BackendUnreachable"
        }
        #expect(state.condition("Available") == "False BackendUnreachable")
        let metadata = try gateway.request("GET", path("/all", "metadata.example"))
        #expect(metadata.status == 403 && metadata.message.contains("link-local"), "\(metadata.text)")
    }

    @Test func `an object's limits hold for its backend`() throws {
        let gateway = try Self.shared.get()
        let late = try gateway.request("GET", path("/all", "late.example"))
        #expect(late.status == 504 && late.isStatus && late.message.contains("limits.timeoutSeconds"), "\(late.text)")
        let long = String(repeating: "x", count: 101)
        let refused = try gateway.request("POST", path("/all", "small.example"), body: long)
        #expect(refused.status == 413 && refused.message.contains("limits.maxRequestBytes"), "\(refused.text)")
        let chunked = try gateway.connect()
        try chunked.send(
            "POST \(path("/all", "small.example")) HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "65\r\n\(long)\r\n0\r\n\r\n")
        #expect(try chunked.readAnswer().status == 413)
        let large = try gateway.request(
            "GET", path("/all", "small.example"), [("X-Long", String(repeating: "y", count: 1000))])
        #expect(large.status == 502 && large.message.contains("limits.maxResponseBytes"), "\(large.text)")
    }

    @Test(arguments: [
        ("RT-10", ":// bad"), ("RT-10", "ftp://x"), ("RT-10", "http://user@x"), ("RT-10", "http://x/?q"),
        ("RT-10", "http://x/a/../b"), ("RT-10", "http://x/a/%2E%2e/b"),
    ])
    func `a URL that is none is refused with the object`(row: String, url: String) throws {
        let answer = try Self.shared.get().request(
            "POST", Gateway.services, [("Content-Type", "application/yaml")],
            body: BackendGateway.http("'\(url)'", group: "bad.example"))
        #expect(answer.status == 422 && answer.isStatus, "\(row): \(answer.text)")
        #expect(answer.message.contains("spec.backend.baseURL"))
    }

    @Test func `a backend that comes and goes shows in the condition`() throws {
        let port = try FreePort.take()
        let gateway = try BackendGateway.start([BackendGateway.http("http://127.0.0.1:\(port)")])
        let watch = try ServiceWatch(gateway)
        try watch.wait("v1.example.grafana.app") { $0.condition("Available") == "False BackendUnreachable" }
        let server = try ChildProcess(
            Programs.python(), ["-m", "http.server", "--bind", "127.0.0.1", "\(port)"])
        try watch.wait("v1.example.grafana.app", seconds: 30) { $0.isAvailable }
        server.end()
        let before = watch.count
        try watch.wait("v1.example.grafana.app", from: before, seconds: 30) {
            $0.condition("Available") == "False BackendUnreachable"
        }
    }
}
