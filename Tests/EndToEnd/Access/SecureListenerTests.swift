import Foundation
import Testing

/// The HTTPS listener itself: versions, what it shows, and what happens when that is replaced.
@Suite(.timeLimit(.minutes(5)))
struct SecureListenerTests {
    @Test func `TLS 1.2 and 1.3 are spoken, older is not, and HTTP/1.1 is agreed on`() throws {
        let gateway = try Shared.proxy.get()
        let url = "https://localhost:\(gateway.securePort)/version"
        let authority = "\(gateway.folder.path)/data/pki/ca.crt"
        for version in ["1.2", "1.3"] {
            let answer = try Curl.get(url, ["--tlsv\(version)", "--tls-max", version, "--cacert", authority])
            #expect(answer.status == 200, "\(version): \(answer.errors)")
        }
        let old = try Curl.get(url, ["--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"])
        #expect(old.status == 0 && old.exit != 0)
        let agreed = try Curl.get(url, ["-v"])
        #expect(agreed.errors.contains("ALPN") && agreed.errors.contains("http/1.1"), "\(agreed.errors)")
    }

    @Test func `plain HTTP on the HTTPS port gets an answer`() throws {
        let answer = try RawClient(port: try Shared.proxy.get().securePort).request("GET", "/version")
        #expect(answer.status == 400)
        #expect(answer.text.contains("use https://"), "\(answer.text)")
    }

    @Test func `large bodies pass both ways`() throws {
        let gateway = try Shared.proxy.get()
        let folder = try TemporaryFolder()
        let file = try folder.write("body", String(repeating: "0123456789abcdef", count: 1_000_000))
        let answer = try Curl.get(
            "https://127.0.0.1:\(gateway.securePort)/duplex",
            ["-H", "Expect:", "--data-binary", "@\(file)", "-o", "\(folder.path)/back"])
        #expect(answer.status == 200, "\(answer.body) \(answer.errors)")
        let back = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/back"))
        withExtendedLifetime(folder) { #expect(back.count == 16_000_000) }
    }

    @Test func `a client that stops in the handshake is cut, and others are served`() throws {
        let gateway = try Shared.proxy.get()
        let stuck = try RawClient(port: gateway.securePort, seconds: 30)
        // The beginning of a ClientHello that never goes on.
        try stuck.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        #expect(try Curl.get("https://127.0.0.1:\(gateway.securePort)/version", []).status == 200)
        #expect(try stuck.readToEnd().count < 100)
    }

    @Test func `a certificate is replaced without a restart, and a wrong one is not taken`() throws {
        let pki = try PKI.shared.get()
        let names = "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1"
        let first = try pki.client("server-a", subject: "/CN=first", extensions: names)
        let second = try pki.client("server-b", subject: "/CN=second", extensions: names)
        let folder = try TemporaryFolder()
        let (certificate, key) = ("\(folder.path)/tls.crt", "\(folder.path)/tls.key")
        func install(_ pair: PKI.Pair) throws {
            for (from, to) in [(pair.key, key), (pair.certificate, certificate)] {
                try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: to), options: .atomic)
            }
        }
        try install(first)
        let gateway = try Gateway(flags: ["--tls-cert-file", certificate, "--tls-private-key-file", key])
        func subject() throws -> String {
            let answer = try Curl.get(
                "https://127.0.0.1:\(gateway.securePort)/version", ["-v", "--cacert", pki.made("ca.crt")])
            return answer.errors.components(separatedBy: "\n").first { $0.contains("subject:") } ?? answer.errors
        }
        #expect(try subject().contains("CN=first"))

        try Data(contentsOf: URL(fileURLWithPath: second.key)).write(to: URL(fileURLWithPath: key), options: .atomic)
        let refusal = gateway.process.stderr.wait { $0.contains("the certificate stays as it was") }
        #expect(refusal?.contains("private key does not belong") == true, "\(gateway.log)")
        #expect(try subject().contains("CN=first"))

        try install(second)
        let deadline = Date(timeIntervalSinceNow: 20)
        while try !subject().contains("CN=second"), Date() < deadline {}
        #expect(try subject().contains("CN=second"))
        #expect(gateway.process.stderr.wait(containing: "the certificate was replaced") != nil)
        // They are made for 30 days.
        #expect(gateway.process.stderr.number(containing: "ends in 29 days") >= 2, "\(gateway.log)")
    }

    @Test func `an authority is replaced under an open connection`() throws {
        let pki = try PKI.shared.get()
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/clients.crt"
        func install(_ path: String) throws {
            try Data(contentsOf: URL(fileURLWithPath: path)).write(to: URL(fileURLWithPath: file), options: .atomic)
        }
        try install(pki.made("ca.crt"))
        let gateway = try Gateway(flags: ["--client-ca-file", file])
        let url = "https://127.0.0.1:\(gateway.securePort)/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"
        #expect(try Curl.get(url, pair: pki.development, []).status == 200)
        try install(pki.other("other.crt"))
        let deadline = Date(timeIntervalSinceNow: 20)
        while try Curl.get(url, pair: pki.development, []).status == 200, Date() < deadline {}
        #expect(try Curl.get(url, pair: pki.development, []).status == 401)
        let other = try pki.client("replaced", subject: "/CN=x/O=system:masters", byOther: true)
        #expect(try Curl.get(url, pair: other, []).status == 200)
    }

    @Test func `the token stays over a restart and rotates on request`() throws {
        let gateway = try Gateway()
        let path = "\(gateway.folder.path)/data/grafana-apiserver/grafana.kubeconfig"
        func token() throws -> String {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            return text.components(separatedBy: "token: \"").last?.components(separatedBy: "\"").first ?? ""
        }
        for name in [path, "\(gateway.folder.path)/data/admin-token"] {
            let mode = try FileManager.default.attributesOfItem(atPath: name)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
        func status(_ token: String, _ port: UInt16) throws -> Int {
            try Curl.get("https://127.0.0.1:\(port)/apis", ["-H", "Authorization: Bearer \(token)"]).status
        }
        let old = try token()
        #expect(try status(old, gateway.securePort) == 200)
        let command = try ChildProcess(
            try Programs.gateway(), ["rotate-token", "--data-dir", "\(gateway.folder.path)/data"])
        #expect(command.waitForExit() && command.exitStatus == 0)
        let new = try token()
        #expect(new != old)
        #expect(!command.stdout.tail().contains(new))
        let deadline = Date(timeIntervalSinceNow: 20)
        while try status(new, gateway.securePort) != 200, Date() < deadline {}
        #expect(try status(new, gateway.securePort) == 200)
        #expect(try status(old, gateway.securePort) == 401)
        gateway.process.end()
        let again = try SecondStart(of: gateway)
        #expect(try token() == new)
        #expect(try status(new, again.securePort) == 200)
    }
}
