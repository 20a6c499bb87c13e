import Foundation
import Testing

/// Data sources behind TLS.
@Suite(.timeLimit(.minutes(5)))
struct DataSourceTLSTests {
    /// A data source with TLS settings; files become secrets.
    private func source(
        _ uid: String, port: UInt16, host: String = "localhost", json: String, secrets: [String: String] = [:]
    ) -> Gateway.Source {
        let lines = secrets.sorted { $0.key < $1.key }.map { "      \($0.key): $__file{\($0.value)}\n" }.joined()
        return .init(
            uid: uid,
            more: "    jsonData: {\(json)}\n" + (lines.isEmpty ? "" : "    secureJsonData:\n\(lines)"),
            url: "https://\(host):\(port)")
    }

    @Test func `certificates are verified and shown`() throws {
        let pki = try PKI.shared.get()
        let open = try Upstream(tls: [pki.made("server.crt"), pki.made("server.key")])
        let closed = try Upstream(tls: [pki.made("server.crt"), pki.made("server.key"), pki.made("ca.crt")])
        let trust = ["tlsCACert": pki.made("ca.crt")]
        let pair = ["tlsClientCert": pki.made("client.crt"), "tlsClientKey": pki.made("client.key")]
        let both = trust.merging(pair) { $1 }
        let gateway = try ProxyGateway.make([
            source("ca", port: open.port, json: "tlsAuthWithCACert: true", secrets: trust),
            source("address", port: open.port, host: "127.0.0.1", json: "tlsAuthWithCACert: true", secrets: trust),
            source(
                "named", port: open.port, host: "127.0.0.1",
                json: "tlsAuthWithCACert: true, serverName: inner.default.svc", secrets: trust),
            source(
                "misnamed", port: open.port, json: "tlsAuthWithCACert: true, serverName: other.example", secrets: trust),
            source("system", port: open.port, json: ""), source("skip", port: open.port, json: "tlsSkipVerify: true"),
            source(
                "other", port: open.port, json: "tlsAuthWithCACert: true",
                secrets: ["tlsCACert": pki.other("other.crt")]),
            source("pair", port: closed.port, json: "tlsAuth: true, tlsAuthWithCACert: true", secrets: both),
            source("nopair", port: closed.port, json: "tlsAuthWithCACert: true", secrets: trust),
            source(
                "nokey", port: closed.port, json: "tlsAuth: true", secrets: ["tlsClientCert": pki.made("client.crt")]),
            source(
                "wrongkey", port: closed.port, json: "tlsAuth: true",
                secrets: ["tlsClientCert": pki.made("client.crt"), "tlsClientKey": pki.made("server.key")]),
        ])
        func ask(_ uid: String) throws -> Answer {
            try gateway.request("GET", "\(ProxyGateway.root)/\(uid)/proxy/echo")
        }
        for uid in ["ca", "address", "named", "skip", "pair"] {
            for _ in 0..<2 {
                let answer = try ask(uid)
                #expect(answer.status == 200, "\(uid): \(answer.text)")
            }
        }
        #expect((try ask("pair").json["client"] as? String)?.contains("development") == true)
        // Requests of one event loop share a connection.
        let client = try gateway.connect()
        let used = try (0..<3).map { _ in
            try client.request("GET", "\(ProxyGateway.root)/ca/proxy/echo").json["connection"] as? Int
        }
        #expect(Set(used).count == 1 && used.first != .some(nil), "\(used)")
        for uid in ["misnamed", "system", "other"] {
            let answer = try ask(uid)
            #expect(answer.status == 502 && answer.message.contains("TLS handshake"), "\(uid): \(answer.text)")
        }
        #expect(try ask("nopair").status == 502)
        for (uid, word) in [("nokey", "tlsClientKey is missing"), ("wrongkey", "tlsClientKey does not belong")] {
            let answer = try ask(uid)
            #expect(answer.status == 400 && answer.message.contains(word), "\(uid): \(answer.text)")
        }
    }
}
