import NIOCore
import Testing

@testable import HTTPKit

/// Sound messages are read the same however they are cut.
struct MessageTests {
    static let requests: [(text: String, head: String, body: String, trailers: [String])] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / none true", "", []),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / none true", "", []),
        ("GET http://h/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET /p?q none true", "", []),
        ("GET / HTTP/1.1\r\nhOST:a\r\nConnection: x, Close\r\n\r\n", "GET / none false", "", []),
        ("GET / HTTP/1.0\r\n\r\n", "GET / none false", "", []),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / none true", "", []),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "POST / length(5) true", "hello", []),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 000\r\n\r\n", "POST / none true", "", []),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n00\r\n\r\n",
            "POST / chunked true", "hello", []
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n2;x=\"y\"\r\nhe\r\n3 ;z\r\nllo\r\n0\r\nSum: 1\r\n\r\n",
            "POST / chunked true", "hello", ["Sum=1"]
        ),
        ("BREW /p%C3%A9t HTTP/1.1\r\nHost: a\r\n\r\n", "BREW /p%C3%A9t none true", "", []),
        (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\nHost: a\r\n\r\n",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / none true", "", []
        ),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * none true", "", []),
    ]

    @Test(arguments: requests)
    func `a sound request is read the same however it is cut`(
        row: (text: String, head: String, body: String, trailers: [String])
    ) {
        let bytes = Array(row.text.utf8)
        let whole = Feed.request([bytes])
        guard case .message(let head, let body, let trailers, let rest) = whole else {
            Issue.record("not read: \(whole)")
            return
        }
        #expect(head[0] == row.head)
        #expect(body == Array(row.body.utf8))
        #expect(trailers == row.trailers)
        #expect(rest == 0)
        for pieces in Feed.splits(bytes) { #expect(Feed.request(pieces) == whole) }
    }

    @Test func `bytes of a value that aren't UTF-8 are kept`() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: caf".utf8) + [0xE9, 0x0D, 0x0A, 0x0D, 0x0A]
        guard case .message(let head, _, _, _) = Feed.request([bytes]) else {
            Issue.record("not read")
            return
        }
        #expect(head[2] == "X=caf\u{E9}")
    }

    @Test func `what follows a request is left alone`() {
        let outcome = Feed.request([Array("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2".utf8)])
        guard case .message(_, _, _, let rest) = outcome else {
            Issue.record("not read: \(outcome)")
            return
        }
        #expect(rest == 6)
    }

    static let answers: [(text: String, head: String, body: String)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 length(2) true", "hi"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "200 length(2) true", "hi"),
        ("HTTP/1.1 204 None\r\n\r\n", "204 none true", ""),
        ("HTTP/1.1 304 Same\r\nContent-Length: 99\r\n\r\n", "304 none true", ""),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 none true", ""),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 length(2) false", "hi"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "200 chunked true", "hi"),
        ("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "200 length(2) true", "hi"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nhi", "200 length(2) true", "hi"),
        ("HTTP/1.1 200 OK\nContent-Length: 2\r\n\nhi", "200 length(2) true", "hi"),
        ("HTTP/1.1 200\n\n", "200 untilClose false", ""),
        ("HTTP/1.1 200 OK\r\nContent-Length : 2\r\nA\t: b\r\n\r\nhi", "200 length(2) true", "hi"),
        ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhi\n0\n\n", "200 chunked true", "hi"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x\nh\r\n1\r\ni\n0\r\nSum : 1\n\r\n",
            "200 chunked true", "hi"
        ),
    ]

    @Test func `an answer that is read tolerantly is given properly`() {
        let text = "HTTP/1.1 200 OK\nA : b\nContent-Length:2\n\nhi"
        guard case .message(let head, _, _, let rest) = Feed.answer([Array(text.utf8)]) else {
            Issue.record("not read")
            return
        }
        #expect(head == ["200 length(2) true", "A=b", "Content-Length=2"])
        #expect(rest == 0)
    }

    @Test(arguments: answers)
    func `a sound answer is read the same however it is cut`(row: (text: String, head: String, body: String)) {
        let bytes = Array(row.text.utf8)
        let whole = Feed.answer([bytes])
        guard case .message(let head, let body, _, _) = whole else {
            Issue.record("not read: \(whole)")
            return
        }
        #expect(head[0] == row.head)
        #expect(body == Array(row.body.utf8))
        for pieces in Feed.splits(bytes) { #expect(Feed.answer(pieces) == whole) }
    }

    static let brokenAnswers = [
        "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200x OK\r\n\r\n",
        "HTTP/1.1 200 O\nK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent_Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "rubbish\r\n\r\n",
        "220 ready\r\n", "\u{15}\u{3}\u{1}", "\nHTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\n : b\n\n",
        "HTTP/1.1 200 OK\nA\n\n",
        "HTTP/1.1 200 OK\nA b: c\n\n", "HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length : 3\n\nhi",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhi\r0\n\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiX0\r\n\r\n",
    ]

    @Test(arguments: brokenAnswers)
    func `a broken answer is refused however it is cut`(text: String) {
        let bytes = Array(text.utf8)
        #expect(Feed.answer([bytes]).isRefused)
        for pieces in Feed.splits(bytes) { #expect(Feed.answer(pieces).isRefused) }
    }
}
