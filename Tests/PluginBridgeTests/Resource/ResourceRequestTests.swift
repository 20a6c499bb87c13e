import DataPlaneAPI
import PluginKit
import PluginProtocol
import Synchronization
import Testing

@testable import PluginBridge

/// What a plugin gets of a request.
@Suite(.timeLimit(.minutes(1)))
struct ResourceRequestTests {
    /// Sends a request and gives what the plugin got.
    private static func got(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: [UInt8] = [],
        forwarding: HeaderForwarding = HeaderForwarding()
    ) async throws -> CallResourceRequest {
        let seen = Mutex<CallResourceRequest?>(nil)
        let plugin = TestPlugin { request, response in
            seen.withLock { $0 = request }
            try await response.send(status: 200)
        }
        var options = TestBridge.Options()
        options.forwarding = forwarding
        return try await TestBridge.with(plugin, options) { bridge in
            let reply = try await TestClient.send(bridge, method, target, headers, body: body)
            #expect(reply.status == 200)
            return try #require(seen.withLock { $0 })
        }
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
    func `every method passes`(method: String) async throws {
        let request = try await Self.got(method, "/r/x", body: [1, 2, 3])
        #expect(request.method == method && request.body == [1, 2, 3])
    }

    static let paths: [(target: String, path: String, url: String)] = [
        ("/r", "", ""), ("/r/", "", ""), ("/r/test", "test", "test"), ("/r/a/b/", "a/b/", "a/b/"),
        ("/r/test-*,*:test-*/_mapping", "test-*,*:test-*/_mapping", "./test-%2A,%2A:test-%2A/_mapping"),
        ("/r/test?k1=v1&k2=v2", "test", "test?k1=v1&k2=v2"), ("/r/a%2Fb/c", "a/b/c", "a%2Fb/c"),
        ("/r/%C3%BC%20x?q=%20+", "ü x", "%C3%BC%20x?q=%20+"), ("/r/x:y", "x:y", "./x:y"),
        ("/r/a/x:y", "a/x:y", "a/x:y"),
    ]

    @Test(arguments: paths)
    func `RS-02 RS-03 RS-04 RS-05 path and url are as plugins expect`(row: (target: String, path: String, url: String))
        async throws
    {
        let request = try await Self.got("GET", row.target)
        #expect(request.path == row.path && request.url == row.url)
    }

    @Test func `end-to-end fields pass in Go's case, each with all its values`() async throws {
        let request = try await Self.got(
            "GET", "/r",
            [
                ("accept", "a"), ("ACCEPT", "b"), ("x-my-header", "1"), ("Content-type", "text/x"),
                ("x-grafana-org-id", "3"), ("if-none-match", "\"e\""),
            ])
        let names = Set(request.headers.map(\.name))
        #expect(
            names == [
                "Accept", "X-My-Header", "Content-Type", "X-Grafana-Org-Id", "If-None-Match", "X-Forwarded-For",
            ])
        #expect(request.headers.first { $0.name == "Accept" }?.values == [Array("a".utf8), Array("b".utf8)])
        #expect(request.headers.first { $0.name == "X-Forwarded-For" }?.values == [Array("127.0.0.1".utf8)])
    }

    @Test func `what belongs to a hop, to Grafana's sessions or to an identity doesn't pass`() async throws {
        let dropped = [
            "Connection: x-named", "X-Named: 1", "Keep-Alive: 1", "Proxy-Authorization: x", "TE: trailers",
            "Cookie: grafana_session=1; a=b", "Authorization: Bearer x", "X-Grafana-Id: t", "X-Id-Token: t",
            "X-Grafana-Device-Id: d", "X-Grafana-User: admin", "X-Grafana-HAR-Capture: true", "FromAlert: true",
            "X-DS-Authorization: b", "X-Remote-User: root", "Impersonate-User: root", "X-WEBAUTH-USER: admin",
            "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Host: h", "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6",
            "Origin: http://x", "User-Agent: curl", "X-Access-Token: t",
        ].map { ($0.prefix { $0 != ":" }, $0.drop { $0 != ":" }.dropFirst(2)) }.map { (String($0), String($1)) }
        let request = try await Self.got("GET", "/r", dropped + [("Referer", "http://host/d/1")])
        #expect(Set(request.headers.map(\.name)) == ["X-Forwarded-For", "X-Grafana-Referer"])
        #expect(request.headers.first { $0.name == "X-Forwarded-For" }?.values == [Array("127.0.0.1".utf8)])
    }

    @Test func `what the body is can't be named away`() async throws {
        let request = try await Self.got(
            "POST", "/r",
            [("Connection", "x-a, content-type"), ("X-A", "1"), ("Content-Type", "text/plain"), ("X-B", "1")])
        #expect(Set(request.headers.map(\.name)) == ["Content-Type", "X-B", "X-Forwarded-For"])
    }

    @Test func `a data source keeps the cookies it names, and passes OAuth through when it says so`() async throws {
        let forwarding = HeaderForwarding(keepCookies: ["sid", "pre[]", "grafana_session"], passesAuthorization: true)
        let request = try await Self.got(
            "GET", "/r",
            [("Cookie", "a=1; sid=x=y;pre_1=2; grafana_session=secret; sidx=3"), ("Authorization", "Bearer t")],
            forwarding: forwarding)
        #expect(request.headers.first { $0.name == "Cookie" }?.values == [Array("sid=x=y; pre_1=2".utf8)])
        #expect(request.headers.first { $0.name == "Authorization" }?.values == [Array("Bearer t".utf8)])
        let all = try await Self.got(
            "GET", "/r", [("Cookie", "a=1; grafana_session=secret")], forwarding: HeaderForwarding(keepCookies: ["[]"]))
        #expect(all.headers.first { $0.name == "Cookie" }?.values == [Array("a=1".utf8)])
    }

    @Test func `a body beyond the plugin's limit is 413 and names the setting`() async throws {
        var options = TestBridge.Options()
        options.requestLimit = 1000
        try await TestBridge.with(TestPlugin { _, response in try await response.send() }, options) { bridge in
            // Too long by itself, and too long only with what goes with it.
            for size in [2000, 990] {
                let reply = try await TestClient.send(bridge, "POST", "/r", body: [UInt8](repeating: 0, count: size))
                #expect(reply.status == 413 && reply.text.contains("plugin-request-limit"))
            }
            let good = try await TestClient.send(bridge, "POST", "/r", body: [UInt8](repeating: 0, count: 500))
            #expect(good.status == 200)
        }
    }
}
