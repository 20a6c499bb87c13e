import Foundation
import Testing

/// What comes back from the upstream.
@Suite(.timeLimit(.minutes(5)))
struct AnswerTests {
    @Test(arguments: [200, 201, 204, 299, 304, 400, 404, 418, 500, 503, 599])
    func `status, reason and headers come back`(status: Int) throws {
        let client = try Shared.proxy.get().connect()
        let answer = try client.request("GET", "/status?n=\(status)")
        #expect(answer.status == status)
        #expect(answer.reason == "Said So")
        #expect(answer["ETag"] == "\"x\"")
        #expect(answer.text == (status == 204 || status == 304 ? "" : "status"))
        if status == 304 { #expect(answer["Content-Length"] == "1234") }
        if status == 204 { #expect(answer["Content-Length"] == nil) }
        #expect(try client.request("GET", "/next").status == 200)
    }

    @Test func `HEAD keeps the length and has no body`() throws {
        let client = try Shared.proxy.get().connect()
        let answer = try client.request("HEAD", "/head")
        #expect(answer["Content-Length"] == "4242")
        #expect(try client.request("GET", "/after").json["target"] as? String == "/after")
    }

    @Test(arguments: ["/elsewhere", "http://127.0.0.1:1/", "//evil.test/", "http://169.254.169.254/"])
    func `a redirect is passed on and not followed`(location: String) throws {
        let answer = try Shared.proxy.get().request("GET", "/redirect?to=\(location)")
        #expect(answer.status == 302)
        #expect(answer["Location"] == location)
    }

    @Test func `hop-by-hop headers of an answer end here and bytes are kept`() throws {
        let client = try Shared.proxy.get().connect()
        let answer = try client.request("GET", "/hop")
        #expect(answer.text == "hop")
        for name in ["X-Inner", "Keep-Alive", "Proxy-Connection", "Connection"] {
            #expect(answer[name] == nil, "\(name)")
        }
        #expect(answer.all("Set-Cookie") == ["a=1", "b=2"])
        #expect(answer.headers.first { $0.name == "X-Latin" }?.value == Array("caf".utf8) + [0xE9])
        #expect(answer["WWW-Authenticate"] == "Basic")
        #expect(try client.request("GET", "/again").status == 200)
    }

    @Test func `an answer that ends with the connection becomes chunks`() throws {
        let client = try Shared.proxy.get().connect()
        let answer = try client.request("GET", "/close-delimited")
        #expect(answer.text == "until the end")
        #expect(answer["Transfer-Encoding"] == "chunked")
        #expect(try client.request("GET", "/again").status == 200)
    }

    @Test(arguments: ["/cut", "/cut-chunked"])
    func `a cut answer is cut for the client too`(path: String) throws {
        let client = try Shared.proxy.get().connect()
        #expect(throws: (any Error).self) { try client.request("GET", path) }
        #expect(client.isAtEnd)
        #expect(try Shared.proxy.get().request("GET", "/after").status == 200)
    }

    @Test func `early hints pass, not to old clients`() throws {
        let answer = try Shared.proxy.get().request("GET", "/hints")
        #expect(answer.interim == [103])
        #expect(answer.text == "done")
        let old = try Shared.proxy.get().connect()
        try old.send("GET /hints HTTP/1.0\r\nHost: a\r\n\r\n")
        let answered = try old.readAnswer()
        #expect(answered.interim.isEmpty && answered.text == "done")
    }

    @Test func `an old client gets an answer that ends with the connection`() throws {
        let client = try Shared.proxy.get().connect()
        try client.send("GET /chunked HTTP/1.0\r\nHost: a\r\n\r\n")
        let answer = try client.readAnswer()
        #expect(answer.text == "onetwothree")
        #expect(answer["Transfer-Encoding"] == nil)
        #expect(answer["Connection"] == "close")
        #expect(client.isAtEnd)
        let kept = try Shared.proxy.get().connect()
        for _ in 0..<2 {
            try kept.send("GET /status?n=200 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try kept.readAnswer()["Connection"] == "keep-alive")
        }
    }

    static let brokenAnswers = [
        "rubbish\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiX0\r\n\r\n", "220 this is no web server\r\n",
        "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 101 Hm\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nA: \u{0}\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "",
        "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n",
    ]

    @Test(arguments: brokenAnswers)
    func `an answer that is no proper HTTP is a 502`(text: String) throws {
        let client = try Shared.proxy.get().connect()
        let hex = text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let answer = try client.request("GET", "/say?hex=\(hex)")
        #expect(answer.status == 502, "\(answer.text)")
        #expect(answer.isStatus)
        #expect(try client.request("GET", "/after").status == 200)
    }

    static let tolerated = [
        "HTTP/1.1 200 OK\nX: y\nContent-Length: 2\n\nhi", "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length : 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nX:y\r\nTransfer-Encoding: chunked\r\n\r\n2\nhi\n0\n\n",
        "HTTP/1.0 200 OK\nX: y\n\nhi",
    ]

    @Test(arguments: tolerated)
    func `an answer that has one meaning only is read, and written on properly`(text: String) throws {
        let client = try Shared.proxy.get().connect()
        let hex = text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        try client.send("GET /say?hex=\(hex) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let bytes = String(decoding: try client.readToEnd(), as: UTF8.self)
        #expect(bytes.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(bytes)")
        #expect(bytes.contains("\r\nX: y\r\n") && bytes.contains("hi"), "\(bytes)")
        #expect(!bytes.replacing("\r\n", with: "").contains { $0.isNewline }, "\(bytes)")
    }

    @Test func `bytes after an answer never reach the next client`() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
        let hex = text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let gateway = try Shared.proxy.get()
        #expect(try gateway.request("GET", "/say?keep=1&hex=\(hex)").text == "a")
        for _ in 0..<10 { #expect(!(try gateway.request("GET", "/clean").text.contains("poison"))) }
    }

    @Test func `an upstream that is away is a 502 and one that is slow a 504`() throws {
        let gateway = try Gateway(upstream: 1, flags: [])
        let away = try gateway.request("GET", "/x")
        #expect(away.status == 502)
        #expect(away.isStatus && away.message.contains("127.0.0.1:1"))
        let slow = try Gateway(upstream: try Shared.upstream.get().port, flags: ["--upstream-response-timeout", "1"])
        let answer = try slow.request("GET", "/hang")
        #expect(answer.status == 504)
        #expect(answer.isStatus && answer.message.contains("upstream-response-timeout"))
        #expect(try slow.request("GET", "/x").status == 200)
        let vanished = try slow.request("GET", "/vanish")
        #expect(vanished.status == 502)
        let none = try Gateway()
        #expect(try none.request("GET", "/x").status == 404)
    }
}
