import Foundation
import Testing

/// Raw attacks on the listener: refused, closed, nothing forwarded, and the next client is served.
@Suite(.timeLimit(.minutes(5)))
struct HostileRequestTests {
    static let ambiguous: [(name: String, text: String)] = {
        func post(_ fields: String, _ body: String = "hello") -> String {
            "POST /hostile HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)"
        }
        let smuggled = "GET /hostile-inner HTTP/1.1\r\nHost: a\r\n\r\n"
        func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked\r\n", body) }
        return [
            ("CL.TE", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n\(smuggled)")),
            ("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "5c\r\n\(smuggled)\r\n0\r\n\r\n")),
            ("TE.TE", post("Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n", "5c\r\n\(smuggled)")),
            ("CL.CL", post("Content-Length: 0\r\nContent-Length: 44\r\n", smuggled)),
            ("CL underscore", post("Content_Length: 44\r\n", smuggled)),
            ("TE underscore", post("Transfer_Encoding: chunked\r\n", smuggled)),
            ("TE with tab", post("Transfer-Encoding:\tchunked, identity\r\n", smuggled)),
            ("TE with VT", post("Transfer-Encoding: \u{B}chunked\r\n", smuggled)),
            ("TE with nbsp", post("Transfer-Encoding: \u{A0}chunked\r\n", smuggled)),
            ("TE with space before the colon", post("Transfer-Encoding : chunked\r\n", smuggled)),
            ("TE folded", post("Transfer-Encoding:\r\n chunked\r\n", smuggled)),
            ("TE after CR", post("X: y\rTransfer-Encoding: chunked\r\n", smuggled)),
            ("TE after LF", post("X: y\nTransfer-Encoding: chunked\r\n", smuggled)),
            ("plus length", post("Content-Length: +5\r\n")),
            ("0x length", post("Content-Length: 0x5\r\n")),
            ("underscore length", post("Content-Length: 1_0\r\n")),
            ("length list", post("Content-Length: 5, 5\r\n")),
            ("NUL value", post("X: \0\r\nContent-Length: 5\r\n")),
            ("bare LF head", "POST /hostile HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello"),
            ("bare LF end", "GET /hostile HTTP/1.1\r\nHost: a\r\n\n\(smuggled)"),
            ("chunk extension LF", chunked("2;\nxx\r\nab\r\n0\r\n\r\n\(smuggled)")),
            ("chunk CR", chunked("5\rXhello\r\n0\r\n\r\n")),
            ("chunk LF", chunked("5\nhello\r\n0\r\n\r\n")),
            ("chunk size overflow", chunked("100000000000000005\r\nhello\r\n0\r\n\r\n")),
            ("chunk size 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n")),
            ("chunk size junk", chunked("5 5\r\nhello\r\n0\r\n\r\n")),
            ("chunk overrun", chunked("5\r\nhelloXX0\r\n\r\n\(smuggled)")),
            ("bad trailer", chunked("5\r\nhello\r\n0\r\nX : y\r\n\r\n\(smuggled)")),
            ("TE in 1.0", "POST /hostile HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(smuggled)"),
            ("two hosts", "GET /hostile HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            ("no host", "GET /hostile HTTP/1.1\r\n\r\n"),
            ("leading space", " GET /hostile HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("space in the target", "GET /hostile a HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("first field folded", "GET /hostile HTTP/1.1\r\n Host: a\r\n\r\n"),
            ("HTTP/0.9", "GET /hostile\r\n\r\n"),
            ("HTTP/3", "GET /hostile HTTP/3.0\r\nHost: a\r\n\r\n"),
            ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("TLS", "\u{16}\u{3}\u{1}\0\u{5}\u{1}\0\0"),
        ]
    }()

    @Test(arguments: ambiguous)
    func `an ambiguous message is refused and the connection ends`(row: (name: String, text: String)) throws {
        let gateway = try Shared.proxy.get()
        let mark = "h\(UInt64.random(in: 0 ... .max))"
        let client = try RawClient(port: gateway.port, seconds: 5)
        try client.send(row.text.replacingOccurrences(of: "hostile", with: mark))
        let answer = try client.readAnswer()
        #expect((400..<600).contains(answer.status), "\(row.name): \(answer.status)")
        #expect([400, 501, 505].contains(answer.status), "\(row.name): \(answer.status)")
        #expect(answer["Connection"] == "close")
        #expect(try client.readToEnd().isEmpty, "\(row.name)")
        #expect(try gateway.request("GET", "/canary").status == 200)
        // A body can turn out to be broken after its head went on; a second request must never have been made of it.
        #expect(try Shared.upstream.get().recorded("\(mark)-inner").isEmpty)
        if !row.text.contains("Transfer-Encoding: chunked\r\n\r\n") || row.text.contains("HTTP/1.0") {
            #expect(try Shared.upstream.get().recorded(mark).isEmpty, "\(row.name)")
        }
    }

    @Test func `heads that are too large have their own answers`() throws {
        let gateway = try Shared.proxy.get()
        func status(_ text: String) throws -> Int {
            let client = try gateway.connect()
            _ = try? client.send(text)
            return try client.readAnswer().status
        }
        let long = String(repeating: "a", count: 1 << 20)
        let many = (0..<100_000).map { "A\($0): b\r\n" }.joined()
        #expect(try status("GET / HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n") == 431)
        #expect(try status("GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n") == 431)
        #expect(try status("GET / HTTP/1.1\r\nHost: a\r\n\((0..<200).map { "A\($0): b\r\n" }.joined())\r\n") == 431)
        #expect(try status("GET /\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\nHost: a\r\n\r\n") == 414)
        #expect(try status("GET /\(String(repeating: "a", count: 8192)) HTTP/1.1\r\nHost: a\r\n\r\n") == 200)
        #expect(try status("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n") >= 400)
        #expect(try gateway.request("GET", "/canary").status == 200)
    }

    @Test func `many connections that say nothing or little don't keep others out`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        var clients: [RawClient] = []
        for index in 0..<500 {
            let client = try RawClient(port: gateway.port, seconds: 25)
            if index % 2 == 0 { try client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ") }
            clients.append(client)
        }
        for _ in 0..<50 { #expect(try gateway.request("GET", "/canary").status == 200) }
        // The head's deadline ends all of them; those that began a request are told why.
        #expect(try clients[0].readAnswer().status == 408)
        #expect(try clients[1].readToEnd().isEmpty)
        for _ in 0..<5 { #expect(try gateway.request("GET", "/canary").status == 200) }
    }

    @Test func `random bytes and cut requests do no harm`() throws {
        let gateway = try Shared.proxy.get()
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let client = try gateway.connect()
            var bytes = (0..<Int.random(in: 1..<400, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes = Array("POST /r HTTP/1.1\r\nHost: a\r\n".utf8) + bytes }
            try client.send(bytes)
            client.reset()
        }
        #expect(try gateway.request("GET", "/canary").status == 200)
        #expect(gateway.process.isRunning)
    }
}
