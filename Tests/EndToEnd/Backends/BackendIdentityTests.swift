import Foundation
import Testing

/// Who a backend is told about, and how it knows the gateway.
@Suite(.timeLimit(.minutes(5)))
struct BackendIdentityTests {
    private static let path = "\(BackendGateway.root)/all"

    private func fields(_ answer: Answer) -> [(String, String)] {
        (answer.json["headers"] as? [[String]] ?? []).map { ($0[0], $0[1]) }
    }

    @Test func `RT-12 and RT-09 the user of the gateway is stated, and nobody passes without one`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "tokens.csv", "t0ken,ann,uid-1,\"g1,g2,system:masters\"\nodd,\"be\tb\",uid-2,\"system:masters, blank\"\n")
        let port = try Shared.upstream.get().port
        let gateway = try BackendGateway.start(
            [BackendGateway.http("http://127.0.0.1:\(port)/echo")],
            flags: ["--token-auth-file", "\(folder.path)/tokens.csv"])
        let bearer = ("Authorization", "Bearer t0ken")
        let answer = try gateway.request("GET", Self.path, [bearer, ("X-Remote-User", "root"), ("X-Remote-Uid", "0")])
        #expect(answer.status == 200, "\(answer.text)")
        let stated = fields(answer).filter { $0.0.hasPrefix("X-Remote") }
        #expect(
            stated.map { "\($0.0)=\($0.1)" } == [
                "X-Remote-User=ann", "X-Remote-Uid=uid-1", "X-Remote-Group=g1", "X-Remote-Group=g2",
                "X-Remote-Group=system:masters", "X-Remote-Group=system:authenticated",
            ], "\(stated)")
        #expect(!fields(answer).contains { $0.0.lowercased() == "authorization" })
        // Acting as somebody else is acting as them there too.
        let acted = try gateway.request(
            "GET", Self.path,
            [
                bearer, ("Impersonate-User", "bob"), ("Impersonate-Group", "system:masters"),
                ("Impersonate-Extra-a%2Fb", "c"),
            ])
        #expect(acted.status == 200, "\(acted.text)")
        let other = fields(acted)
        #expect(other.contains { $0 == ("X-Remote-User", "bob") } && !other.contains { $0.1 == "ann" }, "\(other)")
        #expect(other.contains { $0 == ("X-Remote-Extra-a%2Fb", "c") }, "\(other)")

        let nobody = try gateway.request("GET", Self.path)
        #expect(nobody.status == 403 && nobody.isStatus, "\(nobody.text)")
        let wrong = try gateway.request("GET", Self.path, [("Authorization", "Bearer wrong")])
        #expect(wrong.status == 401 && wrong.isStatus, "\(wrong.text)")
    }

    private func manifest(_ port: UInt16, _ group: String, _ tls: [String], host: String = "localhost") -> String {
        BackendGateway.http(
            "https://\(host):\(port)/echo", group: group,
            more: "    tls:\n" + tls.map { "      \($0)\n" }.joined())
    }

    @Test func `certificates are verified and shown`() throws {
        let pki = try PKI.shared.get()
        let open = try Upstream(tls: [pki.made("server.crt"), pki.made("server.key")])
        let closed = try Upstream(tls: [pki.made("server.crt"), pki.made("server.key"), pki.made("ca.crt")])
        let authority = try Data(contentsOf: URL(fileURLWithPath: pki.made("ca.crt"))).base64EncodedString()
        let trust = "caBundle: \(authority)"
        let pair = "\(pki.development.certificate),\(pki.development.key)"
        let gateway = try BackendGateway.start(
            [
                manifest(open.port, "ca.example", [trust]),
                manifest(open.port, "named.example", [trust, "serverName: inner.default.svc"], host: "127.0.0.1"),
                manifest(open.port, "skip.example", ["insecureSkipTLSVerify: true"]),
                manifest(open.port, "system.example", ["serverName: localhost"]),
                manifest(open.port, "misnamed.example", [trust, "serverName: other.example"]),
                manifest(closed.port, "pair.example", [trust, "clientCertificate: proxy"]),
                manifest(closed.port, "nopair.example", [trust]),
                manifest(closed.port, "missing.example", [trust, "clientCertificate: nobody"]),
            ], flags: ["--backend-client-certificate", "proxy=\(pair)"])
        func ask(_ group: String) throws -> Answer {
            try gateway.request("GET", "/apis/\(group)/v1/namespaces/default/all")
        }
        for group in ["ca.example", "named.example", "skip.example", "pair.example"] {
            let answer = try ask(group)
            #expect(answer.status == 200, "\(group): \(answer.text)")
        }
        #expect((try ask("pair.example").json["client"] as? String)?.contains("development") == true)
        for group in ["system.example", "misnamed.example"] {
            let answer = try ask(group)
            #expect(answer.status == 503 && answer.message.contains("TLS handshake"), "\(group): \(answer.text)")
            #expect(!answer.message.contains("tlsCACert"), "\(answer.message)")
        }
        #expect(try ask("nopair.example").status == 503)
        let missing = try ask("missing.example")
        #expect(missing.status == 503 && missing.message.contains("backend-client-certificate"), "\(missing.text)")
        let watch = try ServiceWatch(gateway)
        try watch.wait("v1.ca.example") { $0.isAvailable }
        try watch.wait("v1.misnamed.example") { $0.condition("Available") == "False BackendUnreachable" }
        let state = try watch.wait("v1.missing.example") { $0.condition("Available") == "False BackendUnreachable" }
        #expect(state.message("PluginReady").contains("backend-client-certificate"))
    }

    @Test func `a client certificate is replaced while the gateway runs`() throws {
        let pki = try PKI.shared.get()
        let server = try Upstream(tls: [pki.made("server.crt"), pki.made("server.key"), pki.made("ca.crt")])
        let folder = try TemporaryFolder()
        let files = [("\(folder.path)/c.crt", "\(folder.path)/c.key")]
        func put(_ pair: PKI.Pair) throws {
            for (from, to) in [(pair.certificate, files[0].0), (pair.key, files[0].1)] {
                try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: to), options: .atomic)
            }
        }
        try put(pki.development)
        let authority = try Data(contentsOf: URL(fileURLWithPath: pki.made("ca.crt"))).base64EncodedString()
        let gateway = try BackendGateway.start(
            [manifest(server.port, "pair.example", ["caBundle: \(authority)", "clientCertificate: proxy"])],
            flags: ["--backend-client-certificate", "proxy=\(files[0].0),\(files[0].1)"])
        func client() throws -> String {
            let answer = try gateway.request("GET", "/apis/pair.example/v1/namespaces/default/all")
            return answer.json["client"] as? String ?? "\(answer.status) \(answer.text)"
        }
        #expect(try client().contains("development"))
        // A broken pair leaves the one that works.
        let start = gateway.process.stderr.count
        try Data("rubbish".utf8).write(to: URL(fileURLWithPath: files[0].0), options: .atomic)
        #expect(gateway.process.stderr.wait(from: start, seconds: 20) { $0.contains("stay as they were") } != nil)
        #expect(try client().contains("development"))
        // An empty file is what one sees in the middle of a write.
        let before = gateway.process.stderr.count
        try Data().write(to: URL(fileURLWithPath: files[0].0), options: .atomic)
        #expect(gateway.process.stderr.wait(from: before, seconds: 20) { $0.contains("stay as they were") } != nil)
        #expect(try client().contains("development"))
        try put(try pki.client("renewed", subject: "/CN=renewed"))
        let deadline = Date(timeIntervalSinceNow: 20)
        while try !client().contains("renewed"), Date() < deadline { usleep(100_000) }
        #expect(try client().contains("renewed"))
    }
}
