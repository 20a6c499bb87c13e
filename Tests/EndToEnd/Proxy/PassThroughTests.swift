import Foundation
import Testing

/// What goes on to the upstream, byte by byte.
@Suite(.timeLimit(.minutes(5)))
struct PassThroughTests {
    /// Sends a request and gives what arrived of it.
    static func arrival(_ text: String, latin1: Bool = false, body: [UInt8] = []) throws -> Upstream.Recorded {
        let mark = "m\(UInt64.random(in: 0 ... .max))"
        let full = text.replacingOccurrences(of: "MARK", with: mark)
        let client = try Shared.proxy.get().connect()
        try client.send(
            (latin1 ? full.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } : Array(full.utf8)) + body)
        let answer = try client.readAnswer()
        guard let found = try Shared.upstream.get().recorded(mark).first else {
            throw Trouble("nothing arrived; the answer was \(answer.status) \(answer.text)")
        }
        return found
    }

    @Test(arguments: [
        "/a?MARK", "//a//b?MARK", "/a/./b?MARK", "/a/../b?MARK", "/a%2Fb?MARK", "/a%2fb%zz%?MARK", "/%61?MARK",
        "/a;b=c;d?MARK", "/?MARK&a=b&a=c&%00&+&\"<>", "/a?MARK?x=/apis/", "/api/ds/query?MARK", "/api/v1x?MARK",
        "/apisx?MARK", "/openapi?MARK", "/metrics?MARK", "/healthz?MARK", "/a\\b?MARK", "/a{b}|c^`?MARK",
        "/caf\u{E9}?MARK",
        "/a%00b?MARK", "/..?MARK",
    ])
    func `path and query arrive as they were sent`(target: String) throws {
        let got = try Self.arrival("GET \(target) HTTP/1.1\r\nHost: x.test\r\n\r\n", latin1: true)
        let parts = got.line.components(separatedBy: " ")
        let pieces = target.components(separatedBy: "MARK")
        #expect(parts.count == 3)
        #expect(parts[1].hasPrefix(pieces[0]) && parts[1].hasSuffix(pieces[1]), "\(parts[1])")
        #expect(parts[2] == "HTTP/1.1")
    }

    @Test(arguments: [
        "/%61pis/x", "/apis%2Fx", "//apis/x", "/./apis/x", "/a/../apis/x", "/a/%2e%2e/apis/x", "/a\\..\\apis",
        "/apis;v=1/x",
        "/%2561pis/x", "/%2e/version", "/version;x", "//version", "/livez%2f", "/openapi//v3", "/%6Fpenapi/v2",
        "/apis%5cx",
        "/api;/v1", "/x/..;/apis/g", "/..%2fapis", "/.%2e/apis/x", "/%252e%252e/apis", "/apis/%2e%2e/x", "/apis/a/..",
        "/a\\b/../apis/x", "/./apis//../x", "/a;/../apis",
        "/apis/%00", "/apis/a\\b", "/apis/%", "/apis/%4",
    ])
    func `a path that may be read as an owned one is refused`(path: String) throws {
        let client = try Shared.proxy.get().connect()
        let answer = try client.request("GET", path + "?disguised")
        #expect(answer.status == 400, "\(answer.text)")
        #expect(answer.isStatus)
        #expect(try Shared.upstream.get().recorded("disguised").isEmpty)
    }

    @Test(arguments: [
        "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "M-SEARCH", "x!#$%&'*+-.^_`|~",
    ])
    func `any method arrives as it was sent`(method: String) throws {
        #expect(try Self.arrival("\(method) /m?MARK HTTP/1.1\r\nHost: a\r\n\r\n").line.hasPrefix("\(method) /m?"))
    }

    @Test func `headers keep spelling, order, repetition and bytes`() throws {
        let got = try Self.arrival(
            "GET /h?MARK HTTP/1.1\r\nhOsT: x.test:99\r\nX-B: 2\r\nx-a: caf\u{E9} \u{FF}\r\nX-B: 1\r\nX-Empty:\r\nCookie: a=b\r\nAuthorization: Basic eDp5\r\nAccept:  many ,spaces \t\r\nX_Under: 1\r\n\r\n",
            latin1: true)
        let own = ["x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host"]
        #expect(
            got.fields.filter { !own.contains($0.name.lowercased()) }.map { "\($0.name)=\($0.value)" } == [
                "hOsT=x.test:99", "X-B=2", "x-a=caf\u{E9} \u{FF}", "X-B=1", "X-Empty=", "Cookie=a=b",
                "Authorization=Basic eDp5", "Accept=many ,spaces", "X_Under=1",
            ])
        #expect(got.all("X-Forwarded-For") == ["127.0.0.1"])
        #expect(got.all("X-Real-IP") == ["127.0.0.1"])
    }

    @Test func `an absolute form becomes the path, a missing host a default`() throws {
        let absolute = try Self.arrival("GET http://other.test/p?MARK HTTP/1.1\r\nHost: other.test\r\n\r\n")
        #expect(absolute.line.hasPrefix("GET /p?"))
        let old = try Self.arrival("GET /o?MARK HTTP/1.0\r\n\r\n")
        #expect(old.line.hasSuffix("HTTP/1.1"))
        #expect(old.all("Host").count == 1)
    }

    @Test func `bodies and trailers arrive`() throws {
        let bytes = [UInt8](0...255)
        let length = try Self.arrival("POST /b?MARK HTTP/1.1\r\nHost: a\r\nContent-Length: 256\r\n\r\n", body: bytes)
        #expect(length.body.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } == bytes)
        #expect(length.all("Content-Length") == ["256"])
        let chunked = try Self.arrival(
            "POST /b?MARK HTTP/1.1\r\nHost: a\r\nTE: trailers, gzip\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\nX-Remote-User: root\r\nContent-Length: 3\r\nHost: evil\r\nAuthorization: Basic\r\n\r\n"
        )
        #expect(chunked.body == "abcde")
        #expect(chunked.all("Transfer-Encoding") == ["chunked"])
        #expect(chunked.all("Content-Length").isEmpty)
        #expect(chunked.all("TE") == ["trailers"])
        #expect(chunked.trailers == [["X-Sum", "5"]])
    }

    @Test func `hop-by-hop headers end here`() throws {
        let got = try Self.arrival(
            "GET /hop?MARK HTTP/1.1\r\nHost: a\r\nConnection: X-Real-IP, X-Forwarded-For, X-Mine, close, Host, Authorization, Cookie, Content-Length\r\nX-Mine: 1\r\nX-Real-IP: 9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\nProxy-Authorization: Basic\r\nTE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nAuthorization: Basic eDp5\r\nCookie: a=b\r\n\r\n"
        )
        for name in [
            "Connection", "X-Mine", "Forwarded", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "TE",
            "Upgrade",
        ] {
            #expect(got.all(name).isEmpty, "\(name)")
        }
        #expect(got.all("X-Real-IP") == ["127.0.0.1"])
        #expect(got.all("X-Forwarded-For") == ["127.0.0.1"])
        #expect(got.all("Host") == ["a"])
        #expect(got.all("Authorization") == ["Basic eDp5"])
        #expect(got.all("Cookie") == ["a=b"])
    }
}
