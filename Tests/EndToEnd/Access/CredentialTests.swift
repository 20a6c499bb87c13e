import Foundation
import Testing

/// Every kind of credential, right and wrong, over HTTPS.
@Suite(.timeLimit(.minutes(5)))
struct CredentialTests {
    static let pki = PKI.shared

    /// A gateway with everything configured that signs users in, shared by these tests.
    static let gateway = Result { () throws -> Gateway in
        let pki = try PKI.shared.get()
        let tokens = try pki.folder.write(
            "tokens.csv", "root-token,root,u-0,\"system:masters\"\nbob-token,bob,u-1,\"dev,ops\"\n")
        return try Gateway(
            upstream: try Shared.upstream.get().port,
            flags: [
                "--client-ca-file", pki.made("ca.crt"), "--token-auth-file", tokens, "--requestheader-client-ca-file",
                pki.other("other.crt"), "--requestheader-allowed-names", "front-proxy", "--log-level", "info",
            ])
    }

    static func url(_ path: String) throws -> String { "https://127.0.0.1:\(try gateway.get().securePort)\(path)" }

    private static let objects = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"
    private static let whoami = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

    /// Who the gateway takes a request for.
    private static func identity(_ pair: PKI.Pair? = nil, _ headers: String...) throws -> [String: Any] {
        try identity(pair, headers)
    }

    private static func identity(_ pair: PKI.Pair?, _ headers: [String]) throws -> [String: Any] {
        let answer = try Curl.get(
            try url(whoami), pair: pair, ["-X", "POST", "-d", "{}"] + headers.flatMap { ["-H", $0] })
        return answer.at("status.userInfo") as? [String: Any] ?? ["answer": answer.body]
    }

    // MARK: Right ones

    @Test func `the script's client certificate is a master`() throws {
        let pair = try Self.pki.get().development
        #expect(try Curl.get(try Self.url(Self.objects), pair: pair, []).status == 200)
        let user = try Self.identity(pair)
        #expect(user["username"] as? String == "development", "\(user)")
        #expect(user["groups"] as? [String] == ["system:masters", "system:authenticated"])
        let id = (user["extra"] as? [String: [String]])?["authentication.kubernetes.io/credential-id"]?.first ?? ""
        #expect(id.hasPrefix("X509SHA256=") && id.count == 11 + 64)
    }

    @Test func `tokens of the file and of the kubeconfig`() throws {
        let bob = try Self.identity(nil, "Authorization: Bearer bob-token")
        #expect(bob["username"] as? String == "bob", "\(bob)")
        #expect(bob["uid"] as? String == "u-1")
        #expect(bob["groups"] as? [String] == ["dev", "ops", "system:authenticated"])
        #expect(try Self.identity(nil, "authorization: bearer  root-token")["username"] as? String == "root")
        let folder = try Self.gateway.get().folder.path
        let own = try String(contentsOfFile: "\(folder)/data/admin-token", encoding: .utf8).trimmingCharacters(
            in: .whitespacesAndNewlines)
        let admin = try Self.identity(nil, "Authorization: Bearer \(own)")
        #expect(admin["username"] as? String == "dataplane-gateway:admin", "\(admin)")
    }

    @Test func `a front proxy's user headers count with its certificate alone`() throws {
        let pki = try Self.pki.get()
        let proxy = try pki.client("proxy", subject: "/CN=front-proxy", byOther: true)
        let headers = [
            "X-Remote-User: ann", "X-Remote-Uid: 7", "X-Remote-Group: a", "X-Remote-Group: b", "X-Remote-Group;",
            "X-Remote-Extra-Scopes: x", "X-Remote-Extra-Acme.com%2fproject: y",
        ]
        let ann = try Self.identity(proxy, headers)
        #expect(ann["username"] as? String == "ann", "\(ann)")
        #expect(ann["uid"] as? String == "7")
        #expect(ann["groups"] as? [String] == ["a", "b", "system:authenticated"])
        #expect(ann["extra"] as? [String: [String]] == ["scopes": ["x"], "acme.com/project": ["y"]])
        // The same headers from others are nothing.
        #expect(try Self.identity(pki.development, headers)["username"] as? String == "development")
        let bob = try Self.identity(nil, headers + ["Authorization: Bearer bob-token"])
        #expect(bob["username"] as? String == "bob")
        #expect(bob["extra"] == nil)
    }

    @Test func `masters act as others, and nobody else does`() throws {
        let root = ["Authorization: Bearer root-token"]
        let eve = try Self.identity(nil, root + ["Impersonate-User: eve", "Impersonate-Group: dev"])
        #expect(eve["username"] as? String == "eve", "\(eve)")
        #expect(eve["groups"] as? [String] == ["dev", "system:authenticated"])
        let denied = try Curl.get(
            try Self.url(Self.objects), ["-H", root[0], "-H", "Impersonate-User: eve"])
        #expect(denied.status == 403)
        #expect(denied.message.contains("User \"eve\" cannot list resource \"dataplaneservices\""), "\(denied.body)")
        let bob = try Curl.get(
            try Self.url(Self.objects), ["-H", "Authorization: Bearer bob-token", "-H", "Impersonate-User: root"])
        #expect(bob.status == 403)
        #expect(bob.message.contains("User \"bob\" cannot impersonate resource \"users\""), "\(bob.body)")
        let half = try Curl.get(try Self.url(Self.objects), ["-H", root[0], "-H", "Impersonate-Group: dev"])
        #expect(half.status == 400)
    }

    // MARK: Wrong ones

    struct Wrong: Sendable, CustomTestStringConvertible {
        var name: String
        var subject = "/CN=eve/O=system:masters"
        var days = 30
        var extensions = "extendedKeyUsage=clientAuth"
        var byOther = false
        var headers: [String] = []
        var hasCertificate = true
        var status = 401
        var message: String

        var testDescription: String { name }
    }

    static let wrong: [Wrong] = [
        Wrong(name: "expired", days: -1, message: "expired"),
        Wrong(name: "other-authority", byOther: true, message: "not that of a front proxy"),
        Wrong(name: "server-only", extensions: "extendedKeyUsage=serverAuth", message: "not for client authentication"),
        Wrong(
            name: "proxy-without-headers", subject: "/CN=front-proxy", byOther: true,
            message: "not signed by an authority"),
        Wrong(
            name: "no-credential", hasCertificate: false, status: 403,
            message: "User \"system:anonymous\" cannot list resource \"dataplaneservices\""),
        Wrong(
            name: "bad-token", headers: ["Authorization: Bearer nonsense"], hasCertificate: false,
            message: "token is not known"),
        Wrong(
            name: "empty-token", headers: ["Authorization: Bearer "], hasCertificate: false, status: 403,
            message: "system:anonymous"),
        Wrong(
            name: "two-credentials", headers: ["Authorization: Bearer root-token", "Authorization: Bearer bob-token"],
            hasCertificate: false, message: "several Authorization"),
        Wrong(
            name: "known-user-without-rights", headers: ["Authorization: Bearer bob-token"], hasCertificate: false,
            status: 403, message: "User \"bob\" cannot list resource \"dataplaneservices\" in API group"),
        Wrong(
            name: "no-groups", subject: "/CN=carol", status: 403, message: "User \"carol\" cannot list resource"),
        Wrong(
            name: "no-name", subject: "/O=system:masters", message: "not signed by an authority"),
        Wrong(
            name: "spoofed-without-proxy", headers: ["X-Remote-User: root", "X-Remote-Group: system:masters"],
            hasCertificate: false, status: 403, message: "system:anonymous"),
    ]

    @Test(arguments: wrong)
    func `a wrong credential gets a Status and a log line`(_ wrong: Wrong) throws {
        let gateway = try Self.gateway.get()
        let pair =
            wrong.hasCertificate
            ? try Self.pki.get().client(
                wrong.name, subject: wrong.subject, days: wrong.days, extensions: wrong.extensions,
                byOther: wrong.byOther) : nil
        let path = "\(Self.objects)?case=\(wrong.name)"
        let answer = try Curl.get(try Self.url(path), pair: pair, wrong.headers.flatMap { ["-H", $0] })
        #expect(answer.status == wrong.status, "\(answer.body) \(answer.errors)")
        #expect(answer.at("kind") as? String == "Status")
        #expect(answer.at("code") as? Int == wrong.status)
        #expect(answer.at("reason") as? String == (wrong.status == 401 ? "Unauthorized" : "Forbidden"))
        #expect(answer.message.contains(wrong.message), "\(answer.message)")
        // Quotes inside a message are escaped in the log.
        let logged = wrong.message.replacing("\"", with: "\\\"")
        let line = gateway.process.stderr.wait {
            $0.contains("access: request") && $0.contains("status=\(wrong.status)") && $0.contains(logged)
        }
        #expect(line != nil, "\(gateway.log)")
        #expect(!gateway.log.contains("nonsense"))
    }

    @Test func `a wrong certificate with a right token is the token's user`() throws {
        let pair = try Self.pki.get().client("expired-with-token", subject: "/CN=x", days: -1)
        #expect(try Self.identity(pair, "Authorization: Bearer bob-token")["username"] as? String == "bob")
    }

    @Test func `everybody sees that it works`() throws {
        for path in ["/livez", "/readyz", "/version"] {
            #expect(try Curl.get(try Self.url(path), []).status == 200)
        }
        #expect(try Curl.get(try Self.url("/apis"), []).status == 403)
        #expect(try Curl.get(try Self.url("/apis"), ["-H", "Authorization: Bearer bob-token"]).status == 200)
    }

    @Test func `a page of another site can't use the browser's certificate`() throws {
        let pair = try Self.pki.get().development
        for header in ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"] {
            let answer = try Curl.get(try Self.url(Self.objects), pair: pair, ["-H", header])
            #expect(answer.status == 403, "\(header): \(answer.body)")
        }
        let token = try Curl.get(
            try Self.url(Self.objects),
            ["-H", "Authorization: Bearer root-token", "-H", "Origin: https://evil.example"])
        #expect(token.status == 200)
    }

    @Test func `plain HTTP wants credentials too`() throws {
        let gateway = try Self.gateway.get()
        #expect(try gateway.request("GET", Self.objects).status == 403)
        #expect(try gateway.request("GET", Self.objects, [("Authorization", "Bearer root-token")]).status == 200)
        #expect(try gateway.request("GET", Self.objects, [("Authorization", "Bearer no")]).status == 401)
    }

    @Test func `the upstream never sees the gateway's tokens, and judges others itself`() throws {
        let upstream = try Shared.upstream.get()
        let mark = "own\(UInt64.random(in: 0 ... .max))"
        _ = try Curl.get(try Self.url("/d/x?\(mark)"), ["-H", "Authorization: Bearer bob-token"])
        let own = try #require(try upstream.recorded(mark).first)
        #expect(own.all("Authorization").isEmpty)
        #expect(own.all("X-Forwarded-Proto") == ["https"])
        let other = "other\(UInt64.random(in: 0 ... .max))"
        let answer = try Curl.get(try Self.url("/d/x?\(other)"), ["-H", "Authorization: Bearer glsa_of_grafana"])
        #expect(answer.status == 200)
        #expect(try upstream.recorded(other).first?.all("Authorization") == ["Bearer glsa_of_grafana"])
    }

    @Test func `without anonymous users no credential is 401`() throws {
        let pki = try Self.pki.get()
        let gateway = try Gateway(flags: ["--client-ca-file", pki.made("ca.crt"), "--anonymous-auth", "false"])
        let url = "https://127.0.0.1:\(gateway.securePort)\(Self.objects)"
        let answer = try Curl.get(url, [])
        #expect(answer.status == 401 && answer.message.contains("no credential"), "\(answer.body)")
        #expect(try Curl.get(url, pair: pki.development, []).status == 200)
    }

    @Test func `a chain of certificates that signed each other costs nothing`() throws {
        let pki = try Self.pki.get()
        let folder = try TemporaryFolder()
        // Twelve authorities of one name, all over again: a search through all orders would take for ever.
        let one = try pki.client("bomb-leaf", subject: "/CN=bomb", byOther: true)
        let leaf = try String(contentsOfFile: one.certificate, encoding: .utf8)
        let other = try String(contentsOfFile: pki.other("other.crt"), encoding: .utf8)
        let chain = try folder.write("chain.crt", leaf + String(repeating: other, count: 12))
        let started = Date()
        let answer = try Curl.get(
            try Self.url(Self.objects), pair: PKI.Pair(certificate: chain, key: one.key), [])
        #expect(answer.status == 401 && answer.message.contains("too many"), "\(answer.body)")
        let same = try folder.write("same.crt", leaf + other + other)
        let twice = try Curl.get(try Self.url(Self.objects), pair: PKI.Pair(certificate: same, key: one.key), [])
        #expect(twice.status == 401 && twice.message.contains("same name"), "\(twice.body)")
        #expect(Date().timeIntervalSince(started) < 15)
    }

    static let leftovers: [[String]] = [
        ["Authorization: Bearer bob-token", "Authorization: Basic YTpi"],
        ["Authorization: Bearer bob-token", "Authorization: Bearer bob-token"], ["Authorization: Bearer\tbob-token"],
        ["Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.Ym9iLXRva2Vu"],
        ["Sec-WebSocket-Protocol: x", "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.Ym9iLXRva2Vu"],
        [
            "Authorization: Bearer glsa_x",
            "Sec-WebSocket-Protocol: x, base64url.bearer.authorization.k8s.io.Ym9iLXRva2Vu",
        ],
    ]

    @Test(arguments: leftovers)
    func `no form of the gateway's token reaches the upstream`(headers: [String]) throws {
        let mark = "left\(UInt64.random(in: 0 ... .max))"
        for pair in [nil, try Self.pki.get().development] {
            _ = try Curl.get(try Self.url("/d/x?\(mark)"), pair: pair, headers.flatMap { ["-H", $0] })
        }
        let arrived = try Shared.upstream.get().recorded(mark)
        #expect(arrived.count == 2)
        for request in arrived {
            let head: String = request.head
            #expect(!head.contains("bob-token") && !head.contains("Ym9iLXRva2Vu"), "\(head)")
        }
    }

    @Test func `no anonymous users also before others are configured`() throws {
        let gateway = try Gateway(flags: ["--anonymous-auth", "false"])
        #expect(try gateway.request("GET", Self.objects).status == 401)
    }

    @Test func `a broken token file doesn't stop the other tokens from being replaced`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("tokens.csv", "root-token,root,u-0,system:masters\n")
        let gateway = try Gateway(flags: ["--token-auth-file", file])
        try folder.write("tokens.csv", "broken\n")
        #expect(gateway.process.stderr.wait { $0.contains("tokens stay as they were") } != nil, "\(gateway.log)")
        let data = "\(gateway.folder.path)/data"
        let command = try ChildProcess(try Programs.gateway(), ["rotate-token", "--data-dir", data])
        #expect(command.waitForExit() && command.exitStatus == 0)
        let token = try String(contentsOfFile: "\(data)/admin-token", encoding: .utf8).trimmingCharacters(in: .newlines)
        func status(_ token: String) throws -> Int {
            try gateway.request("GET", Self.objects, [("Authorization", "Bearer \(token)")]).status
        }
        let deadline = Date(timeIntervalSinceNow: 20)
        while try status(token) != 200, Date() < deadline {}
        #expect(try status(token) == 200)
        #expect(try status("root-token") == 200)
        let wrong = try ChildProcess(try Programs.gateway(), ["rotate-token", "--data-dir", folder.path])
        #expect(wrong.waitForExit() && wrong.exitStatus != 0)
    }
}
