import DataPlaneAPI
import NIOCore
import Testing

@testable import HTTPKit

/// Requests that two servers could read in two ways are refused, whole or in pieces.
struct RequestRefusalTests {
    static let hostile: [(name: String, text: String, status: Int)] = {
        let host = "Host: a\r\n"
        func post(_ fields: String, _ body: String = "hello") -> String {
            "POST / HTTP/1.1\r\n\(host)\(fields)\r\n\(body)"
        }
        func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked\r\n", body) }
        return [
            ("two lengths that differ", post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400),
            ("two lengths that agree", post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400),
            ("length list", post("Content-Length: 5, 5\r\n"), 400),
            ("length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
            ("chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400),
            ("length with plus", post("Content-Length: +5\r\n"), 400),
            ("length with minus", post("Content-Length: -5\r\n"), 400),
            ("hex length", post("Content-Length: 0x5\r\n"), 400),
            ("length with underscore", post("Content-Length: 0_5\r\n"), 400),
            ("length with space inside", post("Content-Length: 5 5\r\n"), 400),
            ("empty length", post("Content-Length:\r\n"), 400),
            ("huge length", post("Content-Length: 99999999999999999999\r\n"), 400),
            ("length with wide digits", post("Content-Length: \u{FF15}\r\n"), 400),
            ("length name with underscore", post("Content_Length: 5\r\n"), 400),
            ("coding name with underscore", post("Transfer_Encoding: chunked\r\n", "0\r\n\r\n"), 400),
            ("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
            ("two codings, one identity", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 501),
            ("coding list", post("Transfer-Encoding: chunked, chunked\r\n"), 501),
            ("gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n"), 501),
            ("coding with nbsp", post("Transfer-Encoding: \u{A0}chunked\r\n"), 501),
            ("coding with quotes", post("Transfer-Encoding: \"chunked\"\r\n"), 501),
            ("coding with parameter", post("Transfer-Encoding: chunked;q=1\r\n"), 501),
            ("xchunked", post("Transfer-Encoding: xchunked\r\n"), 501),
            ("identity coding", post("Transfer-Encoding: identity\r\n"), 501),
            ("empty coding", post("Transfer-Encoding:\r\n"), 501),
            ("coding in HTTP/1.0", "POST / HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("space before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("tab before colon", "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400),
            ("space before coding's colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400),
            ("obs-fold", "GET / HTTP/1.1\r\n\(host)A: b\r\n c\r\n\r\n", 400),
            ("obs-fold with tab", "GET / HTTP/1.1\r\n\(host)A: b\r\n\tc\r\n\r\n", 400),
            ("first field folded", "GET / HTTP/1.1\r\n \(host)\r\n", 400),
            ("bare LF in a field", "GET / HTTP/1.1\r\n\(host)A: b\nC: d\r\n\r\n", 400),
            ("bare LF after the line", "GET / HTTP/1.1\n\(host)\r\n", 400),
            ("bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400),
            ("bare LF for the empty line", "GET / HTTP/1.1\r\n\(host)\nGET /x HTTP/1.1\r\n\(host)\r\n", 400),
            ("bare CR in a value", "GET / HTTP/1.1\r\n\(host)A: b\rc\r\n\r\n", 400),
            ("bare CR in the line", "GET / HTTP/1.1\r\r\n\(host)\r\n", 400),
            ("NUL in a value", "GET / HTTP/1.1\r\n\(host)A: b\0c\r\n\r\n", 400),
            ("NUL in a name", "GET / HTTP/1.1\r\n\(host)A\0: b\r\n\r\n", 400),
            ("NUL in the target", "GET /\0 HTTP/1.1\r\n\(host)\r\n", 400),
            ("DEL in a value", "GET / HTTP/1.1\r\n\(host)A: \u{7F}\r\n\r\n", 400),
            ("no colon", "GET / HTTP/1.1\r\n\(host)Abc\r\n\r\n", 400),
            ("empty name", "GET / HTTP/1.1\r\n\(host): b\r\n\r\n", 400),
            ("no host", "GET / HTTP/1.1\r\n\r\n", 400),
            ("two hosts", "GET / HTTP/1.1\r\n\(host)\(host)\r\n", 400),
            ("list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
            ("host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
            ("host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
            ("host with user information", "GET / HTTP/1.1\r\nHost: localhost:80@b\r\n\r\n", 400),
            ("host with a quote", "GET / HTTP/1.1\r\nHost: a\"b\r\n\r\n", 400),
            ("port of letters", "GET / HTTP/1.1\r\nHost: localhost:evil\r\n\r\n", 400),
            ("long port", "GET / HTTP/1.1\r\nHost: a:808080\r\n\r\n", 400),
            ("address without brackets", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400),
            ("open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
            ("text after the bracket", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400),
            ("two spaces in the line", "GET  / HTTP/1.1\r\n\(host)\r\n", 400),
            ("tab in the line", "GET\t/ HTTP/1.1\r\n\(host)\r\n", 400),
            ("space after the version", "GET / HTTP/1.1 \r\n\(host)\r\n", 400),
            ("space in the target", "GET /a b HTTP/1.1\r\n\(host)\r\n", 400),
            ("fragment in the target", "GET /a#b HTTP/1.1\r\n\(host)\r\n", 400),
            ("no slash", "GET a HTTP/1.1\r\n\(host)\r\n", 400),
            ("user information", "GET http://u@h/ HTTP/1.1\r\n\(host)\r\n", 400),
            ("ftp", "GET ftp://h/ HTTP/1.1\r\n\(host)\r\n", 400),
            ("absolute form without path", "GET http://h HTTP/1.1\r\n\(host)\r\n", 400),
            ("star for GET", "GET * HTTP/1.1\r\n\(host)\r\n", 400),
            ("HTTP/0.9", "GET /\r\n\r\n", 400),
            ("HTTP/2.0", "GET / HTTP/2.0\r\n\(host)\r\n", 505),
            ("HTTP/1.2", "GET / HTTP/1.2\r\n\(host)\r\n", 505),
            ("lower-case version", "GET / http/1.1\r\n\(host)\r\n", 400),
            ("long version", "GET / HTTP/1.10\r\n\(host)\r\n", 400),
            ("TLS hello", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0", 400),
            ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
            ("other expectation", post("Content-Length: 5\r\nExpect: 200-ok\r\n"), 417),
            ("chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400),
            ("chunk size with plus", chunked("+5\r\nhello\r\n0\r\n\r\n"), 400),
            ("chunk size with minus", chunked("-5\r\nhello\r\n0\r\n\r\n"), 400),
            ("chunk size with underscore", chunked("0_5\r\nhello\r\n0\r\n\r\n"), 400),
            ("chunk size with leading space", chunked(" 5\r\nhello\r\n0\r\n\r\n"), 400),
            ("two chunk sizes", chunked("5 0\r\nhello\r\n0\r\n\r\n"), 400),
            ("chunk size with word", chunked("5 x\r\nhello\r\n0\r\n\r\n"), 400),
            ("empty chunk size", chunked("\r\nhello\r\n0\r\n\r\n"), 400),
            ("chunk size that overflows", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400),
            ("bare LF after chunk size", chunked("5\nhello\r\n0\r\n\r\n"), 400),
            ("bare LF in chunk extension", chunked("5;a\nb\r\nhello\r\n0\r\n\r\n"), 400),
            ("bare CR in chunk extension", chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400),
            ("NUL in chunk extension", chunked("5;\0\r\nhello\r\n0\r\n\r\n"), 400),
            ("long chunk extension", chunked("5;\(String(repeating: "a", count: 600))\r\nhello\r\n0\r\n\r\n"), 400),
            ("bare LF after chunk", chunked("5\r\nhello\n0\r\n\r\n"), 400),
            ("chunk too long", chunked("4\r\nhello\r\n0\r\n\r\n"), 400),
            ("chunk too short", chunked("6\r\nhello\r\n0\r\n\r\n"), 400),
            ("bare LF after last chunk", chunked("5\r\nhello\r\n0\n\n"), 400),
            ("bare LF in trailers", chunked("5\r\nhello\r\n0\r\nA: b\n\r\n\r\n"), 400),
            ("space before trailer's colon", chunked("0\r\nA : b\r\n\r\n"), 400),
            ("folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), 400),
        ]
    }()

    @Test(arguments: hostile)
    func `an ambiguous request is refused however it is cut`(row: (name: String, text: String, status: Int)) {
        let bytes = Array(row.text.utf8)
        let whole = Feed.request([bytes])
        guard case .failed(let error) = whole else {
            Issue.record("\(row.name) was taken: \(whole)")
            return
        }
        #expect(error.asClientError.httpStatus == row.status, "\(row.name)")
        for pieces in Feed.splits(bytes) {
            let outcome = Feed.request(pieces)
            #expect(outcome.isRefused, "\(row.name), first piece of \(pieces[0].count)")
        }
    }

    @Test(arguments: [
        "", "a", "a:80", "a:", "a_b.example:8080", "127.0.0.1:1", "[::1]", "[::1]:80", "[fe80::1%25lo]:1",
    ])
    func `a proper Host is taken`(host: String) {
        let outcome = Feed.request([Array("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8)])
        #expect(!outcome.isRefused)
    }

    @Test func `limits have their own errors`() {
        var limits = HTTPLimits()
        limits.head = 1000
        limits.target = 200
        limits.fields = 5
        func read(_ text: String) -> Outcome { Feed.request([Array(text.utf8)], limits: limits) }
        let many = (0..<6).map { "A\($0): b\r\n" }.joined()
        let long = String(repeating: "a", count: 1200)
        #expect(read("GET / HTTP/1.1\r\n\(many)\r\n") == .failed(.tooManyFields(limit: 5)))
        #expect(
            read("GET /\(String(repeating: "a", count: 300)) HTTP/1.1\r\nHost: a\r\n\r\n")
                == .failed(.targetTooLong(limit: 200)))
        #expect(read("GET / HTTP/1.1\r\nA: \(long)\r\n\r\n") == .failed(.headTooLarge(limit: 1000)))
        #expect(read("GET / HTTP/1.1\r\nA: \(long)") == .failed(.headTooLarge(limit: 1000)))
        #expect(
            read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: \(long)")
                == .failed(.headTooLarge(limit: 1000)))
    }
}
