import Foundation
import Testing

/// An upstream that is spoken TLS with.
@Suite(.timeLimit(.minutes(5)))
struct SecureUpstreamTests {
    private func gateway(_ port: UInt16, host: String = "localhost", _ flags: [String]) throws -> Gateway {
        try Gateway(flags: ["--upstream", "https://\(host):\(port)"] + flags)
    }

    @Test func `requests, upgrades and questions of the gateway's own pass, both sides verified`() throws {
        let pki = try PKI.shared.get()
        let upstream = try Upstream(tls: [pki.made("server.crt"), pki.made("server.key"), pki.made("ca.crt")])
        let trust = ["--upstream-ca-file", pki.made("ca.crt")]
        let pair = [
            "--upstream-client-cert-file", pki.made("client.crt"), "--upstream-client-key-file", pki.made("client.key"),
        ]
        let gateway = try gateway(upstream.port, trust + pair)
        let got = try gateway.request("GET", "/echo?a=%2F", [("Host", "grafana.example")])
        #expect(got.json["target"] as? String == "/echo?a=%2F", "\(got.text)")
        #expect((got.json["client"] as? String)?.contains("development") == true)
        #expect((got.json["headers"] as? [[String]])?.contains(["Host", "grafana.example"]) == true)
        #expect(try gateway.request("POST", "/echo", body: "body").json["body"] as? String == "body")
        // Requests of one event loop share a connection.
        let client = try gateway.connect()
        let used = try (0..<3).map { _ in try client.request("GET", "/echo").json["connection"] as? Int }
        #expect(Set(used).count == 1 && used.first != .some(nil), "\(used)")
        #expect(try gateway.request("GET", "/readyz?verbose").text.contains("[+]upstream ok"))

        // Another name, where it is told; and what can't be verified is refused.
        let named = try self.gateway(
            upstream.port, host: "127.0.0.1", trust + pair + ["--upstream-server-name", "inner.default.svc"])
        #expect(try named.request("GET", "/echo").status == 200)
        for flags in [
            pair, trust, ["--upstream-ca-file", pki.other("other.crt")] + pair,
            trust + pair + ["--upstream-server-name", "other.example"],
        ] {
            let wrong = try self.gateway(upstream.port, flags)
            let answer = try wrong.request("GET", "/echo")
            #expect(answer.status == 502 && answer.isStatus, "\(flags): \(answer.text)")
        }
    }

    @Test func `files that are replaced are used without a restart`() throws {
        let pki = try PKI.shared.get()
        let upstream = try Upstream(tls: [pki.made("server.crt"), pki.made("server.key")])
        let folder = try TemporaryFolder()
        let file = try folder.write("ca.crt", try String(contentsOfFile: pki.other("other.crt"), encoding: .utf8))
        let gateway = try gateway(upstream.port, ["--upstream-ca-file", file])
        let before = try gateway.request("GET", "/echo")
        #expect(before.status == 502 && before.message.contains("upstream-ca-file"), "\(before.text)")
        try folder.write("ca.crt", "not a certificate")
        #expect(gateway.process.stderr.wait(containing: "TLS with the upstream stays as it was") != nil)
        try folder.write("ca.crt", try String(contentsOfFile: pki.made("ca.crt"), encoding: .utf8))
        #expect(gateway.process.stderr.wait(containing: "the files for TLS with the upstream were read again") != nil)
        #expect(try gateway.request("GET", "/echo").status == 200)
    }

    @Test(arguments: [
        (
            "http://127.0.0.1:1", ["--upstream-ca-file", "CA"],
            "upstream-ca-file: is for an upstream that is spoken TLS"
        ),
        ("https://127.0.0.1:1", ["--upstream-client-cert-file", "CA"], "needs both"),
        ("https://127.0.0.1:1", ["--upstream-ca-file", "/nonexistent"], "/nonexistent"),
        ("https://127.0.0.1:1", ["--upstream-ca-file", "/etc/hostname"], "holds no PEM certificate"),
    ])
    func `settings that don't fit are told at the start`(_ url: String, _ flags: [String], _ words: String) throws {
        let authority = try PKI.shared.get().made("ca.crt")
        let folder = try TemporaryFolder()
        let command = try GatewayCommand.run(
            ["check", "--upstream", url, "--data-dir", "\(folder.path)/data"]
                + flags.map { $0 == "CA" ? authority : $0 })
        #expect(command.status == 1 && (command.out + command.error).contains(words), "\(command)")
    }
}
