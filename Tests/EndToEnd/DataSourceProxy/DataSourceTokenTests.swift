import Foundation
import Testing

/// Routes of plugin.json whose requests carry an access token.
@Suite(.timeLimit(.minutes(5)))
struct DataSourceTokenTests {
    /// A data source whose token endpoint is `/token/<uid>` of the test server, with what stands in a query.
    private static func source(
        _ uid: String, _ query: String = "", more: String = "", secret: String = "s&cret", base: String? = nil
    ) throws -> Gateway.Source {
        let upstream = "http://127.0.0.1:\(try Shared.upstream.get().port)"
        return .init(
            uid: uid,
            more: """
                    jsonData:
                      tokenUrl: '\(base ?? upstream)/token/\(uid)?\(query)'
                \(more.isEmpty ? "" : "      \(more)\n")    secureJsonData:
                      secret: '\(secret)'

                """, url: upstream)
    }

    private static let routes = #"""
        [{"path": "api", "headers": [{"name": "Authorization", "content": "of the route"}],
          "tokenAuth": {"url": "{{ .JsonData.tokenUrl }}", "params": {
            "grant_type": "client_credentials", "client_id": "me", "client_secret": "{{ .SecureJsonData.secret }}"}}}]
        """#

    private static let gateway = Result {
        let open = try Upstream(tls: [PKI.shared.get().made("server.crt"), PKI.shared.get().made("server.key")])
        return (
            try ProxyGateway.make(
                [
                    source("plain", "expires=3600"), source("text", "expires=3600&text"),
                    source("short", "expires=5"), source("silent"), source("shared", "expires=3600&hold"),
                    source("custom", "expires=3600", more: "httpHeaderName1: Authorization"),
                    source("passed", "expires=3600", more: "oauthPassThru: true"), source("wrong", secret: "other"),
                    source("broken", "status=500&body=s%26cret"), source("odd", "status=418&body=s%26cret"),
                    source("moved", "status=302"),
                    source("created", "status=201&body=%7B%22access_token%22%3A%22made%22%2C%22expires_in%22%3A60%7D"),
                    source("noJSON", "status=200&body=s%26cret"),
                    source("noToken", "status=200&body=%7B%7D"), source("large", "size=300000"),
                    source("hanging", "hold", more: "timeout: 1"), source("dead", base: "http://127.0.0.1:1"),
                    source("lost", base: "http://no-such-host.invalid"),
                    source("metadata", base: "http://169.254.169.254"), source("badURL", base: "ftp://x"),
                    source("tls", more: "tlsSkipVerify: true", base: "https://localhost:\(open.port)"),
                    source("sigv4", "expires=3600", more: "sigV4Auth: true"),
                ], routes: routes), open
        )
    }

    private func ask(_ source: String, _ path: String = "/api/echo", _ headers: [(String, String)] = []) throws
        -> Answer
    {
        try Self.gateway.get().0.request("GET", "\(ProxyGateway.root)/\(source)/proxy\(path)", headers)
    }

    private func sent(_ answer: Answer) -> [String] {
        (answer.json["headers"] as? [[String]] ?? []).filter { $0[0].lowercased() == "authorization" }.map { $0[1] }
    }

    private func asked(_ source: String) throws -> Int { try Shared.upstream.get().statistic("token \(source)") }

    @Test(arguments: ["plain", "text"])
    func `a token is asked for once and sent with every request`(source: String) throws {
        // Connections belong to different event loops.
        for _ in 0..<6 {
            let answer = try ask(
                source, "/api/echo", [("X-DS-Authorization", "mine"), ("Authorization", "Basic bWU6bWluZQ==")])
            #expect(answer.status == 200, "\(answer.text)")
            #expect(sent(answer) == ["Bearer \(source)-1"])
        }
        #expect(try asked(source) == 1)
        let question = try #require(try Shared.upstream.get().recorded("/token/\(source)").first)
        #expect(question.line == "POST /token/\(source)?expires=3600\(source == "text" ? "&text" : "") HTTP/1.1")
        #expect(question.body == "client_id=me&client_secret=s%26cret&grant_type=client_credentials")
        #expect(question.all("Authorization").isEmpty && question.all("Cookie").isEmpty)
        // Without a route there is no token.
        #expect(sent(try ask(source, "/echo")).isEmpty)
    }

    @Test func `any success with a token counts`() throws {
        for _ in 0..<2 { #expect(sent(try ask("created")) == ["Bearer made"]) }
        #expect(try asked("created") == 1)
    }

    @Test(arguments: ["short", "silent"])
    func `a token that ends soon is asked for anew`(source: String) throws {
        #expect(sent(try ask(source)) == ["Bearer \(source)-1"])
        #expect(sent(try ask(source)) == ["Bearer \(source)-2"])
    }

    @Test func `requests at the same time share one question`() throws {
        let upstream = try Shared.upstream.get()
        let clients = try (0..<6).map { _ in try Self.gateway.get().0.connect() }
        for client in clients {
            try client.send(
                "POST \(ProxyGateway.root)/shared/proxy/api/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\nbody"
            )
        }
        // One of them goes before the answer is there; the others aren't concerned.
        clients[0].reset()
        #expect(try RawClient(port: upstream.port).request("GET", "/asked/shared").status == 200)
        #expect(try RawClient(port: upstream.port).request("GET", "/release/shared").status == 200)
        for client in clients.dropFirst() {
            let answer = try client.readAnswer()
            #expect(answer.status == 200 && answer.json["body"] as? String == "body", "\(answer.text)")
            #expect(sent(answer) == ["Bearer shared-1"])
        }
        #expect(try asked("shared") == 1)
    }

    @Test func `a user's own credential takes the place of the token`() throws {
        let passed = try ask("passed", "/api/echo", [("Authorization", "Basic bWU6bWluZQ==")])
        #expect(sent(passed) == ["Basic bWU6bWluZQ=="])
        #expect(sent(try ask("passed")) == ["Bearer passed-1"])
        // A custom header without a secret is none.
        #expect(sent(try ask("custom")) == ["Bearer custom-1"])
    }

    @Test(arguments: [
        ("wrong", 400, "401 (invalid_client)"), ("odd", 400, "418"), ("broken", 502, "500"), ("moved", 502, "redirect"),
        ("noJSON", 502, "JSON"), ("noToken", 502, "access_token"), ("large", 502, "256 KiB"), ("hanging", 504, "1 s"),
        ("dead", 502, "can't be reached"), ("lost", 502, "can't be reached"), ("metadata", 403, "may not be reached"),
        ("badURL", 400, "tokenAuth.url"), ("tls", 502, "TLS handshake"), ("sigv4", 501, "sigV4Auth"),
    ])
    func `without a token nothing is sent, and the answer says why`(source: String, status: Int, word: String) throws {
        let answer = try ask(source, "/api/unsent-\(source)")
        #expect(answer.status == status && answer.isStatus, "\(answer.status) \(answer.text)")
        #expect(answer.message.contains(word), "\(answer.message)")
        #expect(!answer.text.contains("cret") || answer.text.contains("secureJsonData"), "\(answer.text)")
        #expect(!answer.text.contains("s&cret") && !answer.text.contains("no-such-host"), "\(answer.text)")
        #expect(try Shared.upstream.get().recorded("unsent-\(source)").isEmpty)
    }

    @Test func `a service account's assertion is signed with its key`() throws {
        guard let openssl = Programs.installed("openssl") else {
            print("skipped: openssl is not installed")
            return
        }
        let folder = try TemporaryFolder()
        let (key, other) = ("\(folder.path)/key.pem", "\(folder.path)/other.pem")
        for arguments in [
            ["genrsa", "-out", key, "2048"], ["rsa", "-in", key, "-pubout", "-out", "\(key).pub"],
            ["genrsa", "-out", other, "2048"],
        ] {
            let process = try ChildProcess(openssl, arguments)
            guard process.waitForExit(), process.exitStatus == 0 else { throw Trouble(process.stderr.tail()) }
        }
        let upstream = "http://127.0.0.1:\(try Shared.upstream.get().port)"
        func source(_ uid: String, _ key: String, of file: String) -> Gateway.Source {
            .init(
                uid: uid,
                more: """
                        jsonData:
                          uri: '\(upstream)/token/\(uid)?expires=3600&key=\(key).pub'
                        secureJsonData:
                          key: $__file{\(file)}

                    """, url: upstream)
        }
        let gateway = try ProxyGateway.make(
            [
                source("signed", key, of: key), source("forged", key, of: other),
                source("keyless", key, of: "\(key).pub"),
            ],
            routes: #"""
                [{"path": "", "jwtTokenAuth": {"scopes": ["read"], "params": {"token_uri": "{{ .JsonData.uri }}",
                  "client_email": "me@example", "private_key": "{{ .SecureJsonData.key }}"}}}]
                """#)
        func ask(_ uid: String) throws -> Answer {
            try gateway.request("GET", "\(ProxyGateway.root)/\(uid)/proxy/echo")
        }
        for _ in 0..<4 { #expect(sent(try ask("signed")) == ["Bearer signed-1"]) }
        #expect(try asked("signed") == 1)
        let forged = try ask("forged")
        #expect(forged.status == 400 && forged.message.contains("invalid_client"), "\(forged.text)")
        let keyless = try ask("keyless")
        #expect(keyless.status == 400 && keyless.message.contains("private_key"), "\(keyless.text)")
    }
}
