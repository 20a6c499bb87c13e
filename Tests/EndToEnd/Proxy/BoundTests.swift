import Foundation
import Testing

/// What waits in memory is bounded: connections on both sides, and bodies.
@Suite(.timeLimit(.minutes(2)))
struct BoundTests {
    @Test func `the connection that was idle for longest makes room for another`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port, flags: ["--connection-limit", "3"])
        let clients = try (0..<3).map { _ in try gateway.connect() }
        for client in clients + [clients[0]] { #expect(try client.request("GET", "/idle").status == 200) }
        let another = try gateway.connect()
        #expect(try another.request("GET", "/idle").status == 200)
        // The first one was used again, so the second is the oldest.
        #expect(try clients[1].readToEnd().isEmpty)
        for client in [clients[0], clients[2], another] { #expect(try client.request("GET", "/idle").status == 200) }
    }

    @Test func `while all connections are in use another one is refused`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port, flags: ["--connection-limit", "2"])
        let busy = try (0..<2).map { _ in try gateway.connect() }
        for client in busy { try client.send("GET /late?n=1000 HTTP/1.1\r\nHost: a\r\n\r\n") }
        let refused = try gateway.connect().readAnswer()
        #expect(refused.status == 503 && refused["Retry-After"] == "1" && refused["Connection"] == "close")
        #expect(refused.text.contains("connection-limit"))
        for client in busy { #expect(try client.readAnswer().status == 200) }
        #expect(try gateway.connect().request("GET", "/idle").status == 200)
    }

    @Test func `connections to a server are bounded, and waiting for one has an end`() throws {
        let gateway = try Gateway(
            upstream: try Shared.upstream.get().port,
            flags: ["--upstream-connection-limit", "1", "--connection-wait-timeout", "200ms"])
        // Each event loop has its share, and each of them gets some of these.
        let clients = try (0..<(4 * ProcessInfo.processInfo.processorCount)).map { _ in try gateway.connect() }
        for client in clients { try client.send("GET /late?n=1000 HTTP/1.1\r\nHost: a\r\n\r\n") }
        let answers = try clients.map { try $0.readAnswer() }
        #expect(answers.contains { $0.status == 200 })
        let refused = try #require(answers.first { $0.status == 503 })
        #expect(refused["Retry-After"] == "1" && refused.text.contains("upstream-connection-limit"))
        #expect(answers.allSatisfy { $0.status == 200 || $0.status == 503 })
        #expect(try clients[0].request("GET", "/idle").status == 200)
    }

    @Test func `bodies that are gathered have one bound together`() throws {
        let gateway = try Gateway(flags: ["--request-memory-limit", "1048576"])
        func held() throws -> Int {
            let line = try gateway.admin("/metrics").text.split(separator: "\n").first {
                $0.hasPrefix("gateway_request_body_bytes ")
            }
            return Int(try #require(line?.split(separator: " ").last)) ?? -1
        }
        let path = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"
        let body = String(repeating: " ", count: 600_000)
        let slow = try gateway.connect()
        try slow.send("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600001\r\n\r\n\(body)")
        while try held() < 600_000 { usleep(2_000) }
        let json = [("Content-Type", "application/json")]
        let refused = try gateway.request("POST", path, json, body: body)
        #expect(refused.status == 503 && refused["Retry-After"] != nil)
        #expect(refused.text.contains("request-memory-limit"))
        // A small one still fits, and what the slow one holds is given back when it goes.
        #expect(try gateway.request("POST", path, json, body: "{}").status != 503)
        slow.reset()
        while try held() > 0 { usleep(2_000) }
        #expect(try gateway.request("POST", path, json, body: body).status == 400)
        #expect(try held() == 0)
        let tooLarge = try gateway.request("POST", path, json, body: String(repeating: " ", count: 1_048_577))
        #expect(tooLarge.status == 413 && tooLarge.text.contains("request-memory-limit"))
    }
}
