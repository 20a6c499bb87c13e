import Foundation
import Testing

/// Connections on both sides: reuse, pipelines, continue, upgrade.
@Suite(.timeLimit(.minutes(5)))
struct ConnectionTests {
    @Test func `both sides keep their connections`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        let client = try gateway.connect()
        var numbers: Set<Int> = []
        for index in 0..<50 {
            let answer = try client.request(index % 2 == 0 ? "GET" : "POST", "/k", body: index % 2 == 0 ? nil : "body")
            numbers.insert(try #require(answer.json["connection"] as? Int))
        }
        #expect(numbers.count == 1)
    }

    @Test func `pipelined requests are answered in order`() throws {
        let client = try Shared.proxy.get().connect()
        var text = ""
        for index in 0..<200 {
            text += "POST /p?\(index) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
        }
        try client.send(text)
        for index in 0..<200 { #expect(try client.readAnswer().json["target"] as? String == "/p?\(index)") }
    }

    @Test func `a malformed request in a pipeline is refused after the answers before it`() throws {
        let client = try Shared.proxy.get().connect()
        try client.send(
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost : a\r\n\r\nGET /smuggled-3 HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        #expect(try client.readAnswer().status == 200)
        let refused = try client.readAnswer()
        #expect(refused.status == 400)
        #expect(refused["Connection"] == "close")
        #expect(try client.readToEnd().isEmpty)
        #expect(try Shared.upstream.get().recorded("smuggled-3").isEmpty)
    }

    @Test func `expect continue ends in a continue or in a refusal`() throws {
        let client = try Shared.proxy.get().connect()
        try client.send("POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(try client.readHead().status == 100)
        try client.send("hello")
        #expect(try client.readAnswer().json["body"] as? String == "hello")
        try client.send("POST /refuse-expect HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        let refused = try client.readAnswer()
        #expect(refused.status == 417 && refused.interim.isEmpty)
        #expect(refused["Connection"] == "close")
        // An upstream that says nothing gets the body after a while.
        let patient = try Shared.proxy.get().connect()
        try patient.send("POST /sink HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(try patient.readHead().status == 100)
        try patient.send("hello")
        #expect(try patient.readAnswer().text == "5")
    }

    @Test(arguments: ["/early", "/early-keep"])
    func `an answer before the end of the body comes through`(path: String) throws {
        let client = try Shared.proxy.get().connect()
        try client.send(
            "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n\(String(repeating: "x", count: 1000))"
        )
        let answer = try client.readAnswer()
        #expect(answer.status == (path == "/early" ? 413 : 403))
    }

    /// Bodies that nobody wants, with a request inside: never taken for one.
    @Test(arguments: [true, false])
    func `the rest of an unread body is never a request`(chunked: Bool) throws {
        let gateway = try Gateway(plugins: { _ in }, services: [.init()])
        let inner = "POST /smuggled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        let client = try gateway.connect()
        if chunked {
            try client.send("POST /nobody HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        } else {
            try client.send("POST /nobody HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        }
        #expect(try client.readAnswer().status == 404)
        // The client goes on with what is body by its own words.
        _ = try? client.send(inner + inner)
        client.shutdownWriting()
        let more = (try? client.readToEnd()) ?? []
        #expect(!String(decoding: more, as: UTF8.self).contains("404"), "\(String(decoding: more, as: UTF8.self))")
    }

    @Test func `a short unread body is skipped and the connection kept`() throws {
        let gateway = try Gateway()
        let client = try gateway.connect()
        for _ in 0..<3 {
            #expect(try client.request("POST", "/nobody", body: String(repeating: "x", count: 5000)).status == 404)
        }
        try client.send(
            "POST /nobody HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /also HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        #expect(try client.readAnswer().status == 404)
        #expect(try client.readAnswer().status == 404)
    }

    @Test func `an upgrade becomes a tunnel`() throws {
        let client = try Shared.proxy.get().connect()
        try client.send(
            "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\nSec-WebSocket-Key: k\r\n\r\nearly"
        )
        let answer = try client.readHead()
        #expect(answer.status == 101)
        #expect(answer["Upgrade"] == "echo")
        #expect(answer["Connection"]?.lowercased() == "upgrade")
        #expect(answer["X-Seen"] == "yes")
        #expect(try client.read(10) == Array("helloearly".utf8))
        let block = [UInt8](repeating: 7, count: 1_000_000)
        for _ in 0..<5 {
            let sender = Thread { try? client.send(block) }
            sender.start()
            #expect(try client.read(block.count) == block)
        }
        try client.send("bye")
        #expect(try client.readToEnd().isEmpty)
    }

    @Test func `an upgrade that is refused is an ordinary exchange`() throws {
        let client = try Shared.proxy.get().connect()
        let upgrade = [("Connection", "Upgrade"), ("Upgrade", "echo")]
        let refused = try client.request("GET", "/refused-upgrade", upgrade)
        #expect(refused.status == 200)
        #expect(try client.request("GET", "/next").json["target"] as? String == "/next")
        // Not asked for: the upstream may not switch.
        #expect(try client.request("GET", "/ws", [("Upgrade", "echo")]).status == 502)
        #expect(try client.request("GET", "/ws", [("Connection", "Upgrade"), ("Upgrade", "h2c")]).status == 502)
        #expect(
            try client.request("GET", "/ws", [("Connection", "Upgrade"), ("Upgrade", "x, TLS/1.0")]).status == 502)
        #expect(try client.request("GET", "/next").status == 200)
        let body = try client.request("POST", "/ws", upgrade, body: "body")
        #expect(body.status == 502)
    }

    @Test func `CONNECT is not served`() throws {
        for more in ["", "Content-Length: 0\r\n", "Connection: keep-alive\r\n"] {
            let client = try Shared.proxy.get().connect()
            try client.send(
                "CONNECT evil.test:443 HTTP/1.1\r\nHost: a\r\n\(more)\r\nGET /smuggled-connect HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            let answer = try client.readAnswer()
            #expect(answer.status == 501 && answer["Connection"] == "close")
            #expect(try client.readToEnd().isEmpty)
        }
        #expect(try Shared.upstream.get().recorded("smuggled-connect").isEmpty)
    }

    @Test func `a client that goes away frees its upstream connection`() throws {
        let upstream = try Upstream()
        let gateway = try Gateway(upstream: upstream.port)
        let client = try gateway.connect()
        try client.send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
        while try upstream.statistic("hanging") == 0 {}
        client.reset()
        let deadline = Date(timeIntervalSinceNow: 5)
        while try upstream.statistic("aborted") == 0, Date() < deadline {}
        #expect(try upstream.statistic("aborted") == 1)
    }

    @Test func `upstream connections that were closed meanwhile are replaced`() throws {
        let gateway = try Shared.proxy.get()
        for _ in 0..<20 {
            #expect(try gateway.request("GET", "/status?n=200").status == 200)
            #expect(try gateway.request("GET", "/hop").status == 200)
        }
    }
}
