import Foundation
import Testing

/// Clients that end their side of the connection behind their request, as `nc -N` does.
@Suite(.timeLimit(.minutes(5)))
struct HalfCloseTests {
    /// Sends, ends our side and reads all that comes.
    private static func talk(_ port: UInt16, _ text: String) throws -> String {
        let client = try RawClient(port: port)
        try client.send(text)
        client.shutdownWriting()
        return String(decoding: try client.readToEnd(), as: UTF8.self)
    }

    @Test(arguments: ["HTTP/1.1", "HTTP/1.0"])
    func `a whole request gets its answer on every route, then the connection ends`(version: String) throws {
        let gateway = try Shared.queries.get()
        let body = QueryCase.queries(#"{"refId":"A"}"#)
        let path = "/apis/test.example.com/v1/namespaces/default/datasources/123/query"
        for (request, part) in [
            ("GET /echo", "\"target\""), ("GET /late?n=400", "late"), ("GET /slow?n=4", "3"),
            ("GET /apis/nobody.example/v1", "\"target\""),
        ] {
            let text = try Self.talk(gateway.port, "\(request) \(version)\r\nHost: localhost\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 200") && text.contains(part), "\(request): \(text)")
            #expect(text.contains("Connection: close\r\n"), "\(text)")
        }
        // These are the gateway's own, for whom an old client is a proxy while nobody signs in.
        let own = version == "HTTP/1.1" ? "200" : "403"
        for path in ["/version", "/readyz", "/apis"] {
            let text = try Self.talk(gateway.port, "GET \(path) \(version)\r\nHost: localhost\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 \(own)"), "\(path): \(text)")
        }
        let query = try Self.talk(
            gateway.port,
            "POST \(path) \(version)\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(query.hasPrefix("HTTP/1.1 \(own)"), "\(query)")
        let admin = try Self.talk(gateway.adminPort, "GET /healthz \(version)\r\nHost: localhost\r\n\r\n")
        #expect(version == "HTTP/1.0" || admin.hasSuffix("ok\n"), "\(admin)")
    }

    @Test func `requests in a pipeline are all answered`() throws {
        var text = ""
        for index in 0..<5 { text += "POST /p\(index) HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" }
        let answers = try Self.talk(try Shared.proxy.get().port, text)
        #expect(answers.components(separatedBy: "HTTP/1.1 200").count == 6)
        // The end is no reason to close before it is reached, and what is half is not answered.
        let cut = try Self.talk(try Shared.proxy.get().port, text + "GET /half-of-it HTTP/1.1\r\nHost:")
        #expect(cut.components(separatedBy: "HTTP/1.1 200").count == 6)
    }

    @Test(arguments: [
        "GET /cut-half HTTP/1.1\r\nHost: a\r\n", "POST /cut-half HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf",
        "POST /cut-half HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "",
    ])
    func `an end inside a request is the end of the client`(text: String) throws {
        // Nobody waits for the grace, which would be too long for the client.
        let gateway = try Gateway(
            upstream: try Shared.upstream.get().port, flags: ["--client-half-close-timeout", "600"])
        let start = Date()
        #expect(try Self.talk(gateway.port, text) == "")
        #expect(Date().timeIntervalSince(start) < 1)
    }

    @Test func `after the grace the client counts as gone`() throws {
        let upstream = try Upstream()
        let gateway = try Gateway(upstream: upstream.port, flags: ["--client-half-close-timeout", "1"])
        let start = Date()
        #expect(try Self.talk(gateway.port, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n") == "")
        let seconds = Date().timeIntervalSince(start)
        #expect(seconds > 0.9 && seconds < 2.5, "\(seconds)")
        // An event stream has no end of its own: it goes on for the grace.
        let events = try Self.talk(gateway.port, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(events.contains("data: 1"))
        let deadline = Date(timeIntervalSinceNow: 5)
        while try upstream.statistic("aborted") < 2, Date() < deadline {}
        #expect(try upstream.statistic("aborted") == 2)
        let none = try Gateway(upstream: upstream.port, flags: ["--client-half-close-timeout", "0"])
        let quick = Date()
        #expect(try Self.talk(none.port, "GET /late?n=900 HTTP/1.1\r\nHost: a\r\n\r\n") == "")
        #expect(Date().timeIntervalSince(quick) < 0.8)
    }

    @Test func `the end of TLS is an end like any other`() throws {
        let gateway = try Shared.proxy.get()
        let script = """
            import socket, ssl, sys
            context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
            for goodbye in (True, False):
                plain = socket.create_connection(("127.0.0.1", \(gateway.securePort)), timeout=10)
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
                def step(body):
                    while True:
                        try: return body()
                        except ssl.SSLWantReadError:
                            waiting = outgoing.read()
                            if waiting: plain.sendall(waiting)
                            data = plain.recv(65536)
                            if not data: return b""
                            incoming.write(data)
                step(tls.do_handshake)
                tls.write(b"GET /late?n=300 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
                if goodbye:
                    try: tls.unwrap()
                    except ssl.SSLError: pass
                plain.sendall(outgoing.read())
                if not goodbye: plain.shutdown(socket.SHUT_WR)
                answer = b""
                try:
                    while True:
                        more = step(lambda: tls.read(65536))
                        if not more: break
                        answer += more
                except ssl.SSLError: pass
                print("answer", answer[:12].decode(), answer[-4:].decode(), flush=True)
            print("done", flush=True)
            """
        let python = try ChildProcess(Programs.python(), ["-c", script])
        #expect(python.stdout.wait(containing: "done") != nil, "\(python.stderr.tail())")
        #expect(
            python.stdout.number(containing: "answer HTTP/1.1 200 late") == 2,
            "\(python.stdout.tail()) \(python.stderr.tail())")
    }
}
