import Foundation
import Testing

/// What grafana.ini says about the data source proxy.
@Suite(.timeLimit(.minutes(5)))
struct ProxySettingsTests {
    /// A gateway with a grafana.ini, and tokens of a master and of nobody in particular.
    private func gateway(
        _ ini: String, _ sources: [Gateway.Source], routes: String = "[]", environment: [String: String] = [:]
    ) throws -> (Gateway, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let file = try folder.write("grafana.ini", ini)
        let tokens = try folder.write("tokens.csv", "root-token,röot,u-0,\"system:masters\"\n")
        return (
            try ProxyGateway.make(
                sources, routes: routes, flags: ["--grafana-config", file, "--token-auth-file", tokens],
                environment: environment), folder
        )
    }

    private func ask(_ gateway: Gateway, _ source: String, _ path: String, _ more: [(String, String)] = []) throws
        -> Answer
    {
        try gateway.request(
            "GET", "\(ProxyGateway.root)/\(source)/proxy\(path)", [("Authorization", "Bearer root-token")] + more)
    }

    @Test func `only targets of the white list are asked`() throws {
        let port = try Shared.upstream.get().port
        let (gateway, folder) = try gateway(
            "[security]\ndata_source_proxy_whitelist = other:1 localhost:\(port)\n",
            [
                .init(uid: "listed", url: "http://localhost:\(port)"),
                .init(uid: "other", url: "http://127.0.0.1:\(port)"), .init(uid: "port", url: "http://localhost"),
                .init(uid: "routed", url: "http://localhost:\(port)"),
            ],
            routes: #"""
                [{"path": "away", "url": "http://127.0.0.1:\#(port)"},
                 {"path": "token", "tokenAuth": {"url": "http://127.0.0.1:\#(port)/token/x", "params": {}}}]
                """#)
        #expect(try ask(gateway, "listed", "/echo").status == 200)
        for (source, path) in [("other", "/echo"), ("port", "/echo"), ("routed", "/away/x"), ("routed", "/token/x")] {
            let answer = try ask(gateway, source, path)
            #expect(answer.status == 403 && answer.isStatus, "\(source): \(answer.text)")
            #expect(answer.message.hasPrefix("Data proxy hostname and ip are not included in whitelist"))
            #expect(!answer.text.contains("127.0.0.1"))
        }
        // The list is read again when the file changes.
        try folder.write("grafana.ini", "[security]\n")
        let deadline = Date(timeIntervalSinceNow: 20)
        var answer = try ask(gateway, "other", "/echo")
        while answer.status == 403, Date() < deadline { answer = try ask(gateway, "other", "/echo") }
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `time-out, limit of answers and the user's name`() throws {
        let port = try Shared.upstream.get().port
        let (gateway, folder) = try gateway(
            "[dataproxy]\ntimeout = 20\nsend_user_header = true\nresponse_limit = 1000\n",
            [.init(uid: "one", url: "http://localhost:\(port)")], environment: ["GF_DATAPROXY_TIMEOUT": "1"])
        defer { withExtendedLifetime(folder) {} }
        let late = try ask(gateway, "one", "/hang")
        #expect(late.status == 504 && late.message.contains("1 s"), "\(late.text)")
        let large = try ask(gateway, "one", "/big?n=1001")
        #expect(large.status == 502 && large.message.contains("response_limit of grafana.ini"), "\(large.text)")
        #expect(try ask(gateway, "one", "/big?n=1000").body.count == 1000)
        let named = try ask(gateway, "one", "/echo", [("X-Grafana-User", "admin")])
        let users = (named.json["headers"] as? [[String]] ?? []).filter { $0[0].lowercased() == "x-grafana-user" }
        // The test server reads fields as Latin-1.
        #expect(
            users.map { $0[1] } == [String(decoding: "röot".utf8.map(UInt16.init), as: UTF16.self)], "\(named.text)")
    }
}
