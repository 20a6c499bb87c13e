import Testing

/// Without authentication only somebody on this machine, and no web page, may use the gateway's own paths.
@Suite(.timeLimit(.minutes(5)))
struct FirstRunTests {
    static let foreign: [(String, String)] = [
        ("Host", "example.com"), ("Host", "example.com:80"), ("Host", "127.0.0.1.example.com"),
        ("Host", "localhost.example.com"),
        ("Host", "10.0.0.1"), ("Host", "[::2]"), ("Host", ""), ("Host", "2130706433"), ("Host", "127.1"),
        ("Host", "0.0.0.0"),
        ("Origin", "http://example.com"), ("Origin", "null"), ("Origin", "http://localhost.example.com"),
        ("Origin", "https://127.0.0.1"), ("Origin", ""), ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Host", "x"), ("X-Forwarded-Proto", "https"),
        ("X-Real-IP", "1.2.3.4"),
        ("Forwarded", "for=1.2.3.4"), ("x_forwarded_for", "1.2.3.4"), ("Via", "1.1 proxy"),
        ("X-Forwarded-Server", "proxy"), ("X-Forwarded-Port", "443"), ("CF-Connecting-IP", "1.2.3.4"),
        ("True-Client-IP", "1.2.3.4"), ("X-Client-IP", "1.2.3.4"), ("X-Original-URL", "/"),
    ]

    @Test(arguments: foreign)
    func `a request that may not be the admin's is refused on owned paths alone`(header: (String, String)) throws {
        let gateway = try Shared.queries.get()
        let refused = try gateway.request("POST", QueryRouteTests.path, [header], body: QueryRouteTests.one)
        #expect(refused.status == 403, "\(refused.text)")
        #expect(refused.isStatus)
        let passed = try gateway.request("POST", "/api/ds/query", [header], body: "{}")
        #expect(passed.status == 200)
        #expect(passed.json["target"] as? String == "/api/ds/query")
    }

    @Test(arguments: [
        ("Host", "localhost"), ("Host", "LOCALHOST:8080"), ("Host", "127.9.9.9"), ("Host", "[::1]:80"),
        ("Origin", "http://127.0.0.1"), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "none"),
    ])
    func `a request from this machine passes`(header: (String, String)) throws {
        let answer = try Shared.queries.get().request("POST", QueryRouteTests.path, [header], body: QueryRouteTests.one)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `a request without host is only allowed in HTTP 1 dot 0, and refused there too`() throws {
        let client = try Shared.queries.get().connect()
        try client.send("POST \(QueryRouteTests.path) HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}")
        #expect(try client.readAnswer().status == 403)
    }

    @Test func `a proxy with default settings is not this machine's admin`() throws {
        let client = try Shared.queries.get().connect()
        try client.send(
            "POST \(QueryRouteTests.path) HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
        )
        let answer = try client.readAnswer()
        #expect(answer.status == 403)
        #expect(answer.isStatus)
    }
}
