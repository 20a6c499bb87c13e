import Foundation
import Testing

/// The services `resource` and `route` through a plugin.
@Suite(.timeLimit(.minutes(5)))
struct ResourceServiceTests {
    private static let source = ShowcaseGateway.source

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    func `every method arrives with its body`(method: String) throws {
        let body = method == "GET" || method == "OPTIONS" ? nil : "a body"
        let gateway = try ShowcaseGateway.shared.get()
        let answer = try gateway.request(method, "\(Self.source)/resources/echo", body: body)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["method"] as? String == method)
        #expect(answer.json["body"] as? String == body ?? "")
    }

    @Test(arguments: [
        ("resources/echo", "echo", "echo"), ("resource/echo/a/b", "echo/a/b", "echo/a/b"),
        ("resources/echo/", "echo/", "echo/"), ("resources/echo?k1=v1&k2=v%202", "echo", "echo?k1=v1&k2=v%202"),
        ("resources/echo/a%20b", "echo/a b", "echo/a%20b"),
    ])
    func `path and query arrive`(target: String, path: String, url: String) throws {
        let answer = try ShowcaseGateway.shared.get().request("GET", "\(Self.source)/\(target)")
        #expect(answer.json["path"] as? String == path)
        #expect(answer.json["url"] as? String == url)
    }

    @Test func `end-to-end headers arrive in Go's case and secrets don't`() throws {
        let answer = try ShowcaseGateway.shared.get().request(
            "POST", "\(Self.source)/resources/echo",
            [
                ("x-custom", "one"), ("X-CUSTOM", "two"), ("content-type", "text/odd"), ("Cookie", "session=1"),
                ("X-Id-Token", "t"), ("X-Grafana-Id", "t"), ("Connection", "X-Hop"), ("X-Hop", "1"),
            ], body: "x")
        let headers = try #require(answer.json["headers"] as? [[String]])
        let byName = Dictionary(headers.map { ($0[0], Array($0.dropFirst())) }) { $0 + $1 }
        #expect(byName["X-Custom"] == ["one", "two"])
        #expect(byName["Content-Type"] == ["text/odd"])
        #expect(byName["X-Forwarded-For"] == ["127.0.0.1"])
        for name in ["Cookie", "X-Id-Token", "X-Grafana-Id", "X-Hop", "Connection", "Host"] {
            #expect(byName[name] == nil, "\(name)")
        }
    }

    @Test func `the first line arrives before the last is sent`() throws {
        let lines = try BodyLines(try ShowcaseGateway.shared.get(), "\(Self.source)/resources/count")
        #expect(lines.head.status == 200)
        #expect(lines.head["Content-Type"] == "text/plain; charset=utf-8")
        #expect(try lines.next() == "1")
        let first = ContinuousClock.now
        #expect(try lines.remaining() == (2...10).map { "\($0)" })
        // The plugin takes 0.9 s from the first line to the last.
        #expect(ContinuousClock.now - first > .milliseconds(400))
    }

    @Test func `HEAD has a head and no body`() throws {
        let client = try ShowcaseGateway.shared.get().connect()
        let head = try client.request("HEAD", "\(Self.source)/resources/echo")
        #expect(head.status == 200)
        #expect(head["Content-Type"] == "application/json")
        // On the same connection: a body that came after all would be taken for this answer.
        #expect(try client.request("GET", "\(Self.source)/resources/echo").json["method"] as? String == "GET")
    }

    @Test func `the plugin's 404 is the answer`() throws {
        let answer = try ShowcaseGateway.shared.get().request("GET", "\(Self.source)/resources/nothing")
        #expect(answer.status == 404)
        #expect(answer.text == #"{"message":"there is no GET of this path"}"#)
    }

    @Test func `a data source that isn't there is 404`() throws {
        let answer = try ShowcaseGateway.shared.get().request(
            "GET", "/apis/showcase.example/v1/namespaces/default/datasources/nobody/resources/echo")
        #expect(answer.status == 404 && answer.isStatus && answer.message.contains("nobody"), "\(answer.text)")
    }

    @Test func `an answer of 64 MiB passes whole`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let client = try RawClient(port: gateway.port, seconds: 60)
        let answer = try client.request("GET", "\(Self.source)/resources/large/64", [("Connection", "close")])
        #expect(answer.status == 200)
        #expect(answer.body.count == 64 * 1024 * 1024)
    }

    @Test func `RT-16 a route reaches the plugin below the namespace alone`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let target = "/apis/showcase.example/v1/namespaces/default/echo/some/thing?q=1"
        let answer = try gateway.request("GET", target)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["path"] as? String == "echo/some/thing")
        #expect(answer.json["url"] as? String == "echo/some/thing?q=1")
        #expect(try gateway.request("HEAD", target).status == 200)
        // Another method is not the plugin's but the next handler's.
        let other = try gateway.request("POST", target, body: "x")
        #expect(other.status == 405 && other.isStatus, "\(other.text)")
        #expect(try gateway.request("GET", "/apis/showcase.example/v1/namespaces/default/echo").status == 404)
    }
}
