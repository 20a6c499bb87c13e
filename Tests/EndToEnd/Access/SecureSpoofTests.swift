import Foundation
import Testing

/// No spelling of an identity gets through the HTTPS port, to the upstream or into the gateway itself.
@Suite(.timeLimit(.minutes(5)))
struct SecureSpoofTests {
    /// Beside the spellings that are tried on the plain port.
    static let spellings =
        IdentityTests.spellings + [
            "Remote-User", "Remote_User", "REMOTE_USER", "Remote-Groups", "Remote-Email", "X-Forwarded-User",
            "X_Forwarded_User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
            "X-Auth-Request-User", "X-Auth-Request-Email", "X-Forwarded-Client-Cert", "X-SSL-Client-CN",
            "SSL-Client-Subject-DN",
            "X-Client-Cert", "X-Grafana-User",
        ]

    @Test(arguments: spellings)
    func `a spelling of an identity header reaches nobody`(name: String) throws {
        let gateway = try CredentialTests.gateway.get()
        let mark: String = "s\(UInt64.random(in: 0 ... .max))"
        let upstream = try Shared.upstream.get()
        let header = "\(name): root-by-header"
        let bob = "Authorization: Bearer bob-token"
        let base = "https://127.0.0.1:\(gateway.securePort)"
        // To the upstream: a plain request, one that names the header hop-by-hop, an upgrade, a path below /apis.
        _ = try Curl.get("\(base)/i?\(mark)", ["-H", header, "-H", header])
        _ = try Curl.get("\(base)/i?\(mark)", ["-H", header, "-H", "Connection: \(name)"])
        _ = try Curl.get(
            "\(base)/i?\(mark)", ["-H", header, "-H", "Connection: Upgrade", "-H", "Upgrade: websocket"])
        _ = try Curl.get("\(base)/apis/x.upstream.example/v1/things?\(mark)", ["-H", header, "-H", bob])
        let arrived = try upstream.recorded(mark)
        #expect(arrived.count == 4)
        for request in arrived {
            let head: String = request.head
            #expect(!head.contains("root-by-header"), "\(head)")
        }
        // To the gateway: nobody becomes somebody else; acting as somebody is refused.
        let review = try Curl.get(
            "\(base)/apis/authentication.k8s.io/v1/selfsubjectreviews",
            ["-H", bob, "-H", header, "-X", "POST", "-d", "{}"])
        let user = review.at("status.userInfo.username") as? String
        #expect(user == "bob" || review.status == 403 || review.status == 400, "\(review.body)")
        #expect(!review.body.contains("\"username\":\"root-by-header\""))
    }

    @Test func `names that an operator configured are identities too`() throws {
        let pki = try PKI.shared.get()
        let folder = try TemporaryFolder()
        let ini = try folder.write(
            "grafana.ini",
            "[auth.proxy]\nenabled = true\nheader_name = X-My-Sso\nheaders = Name:X_My_Name Role:X-My.Role\n")
        let gateway = try Gateway(
            upstream: try Shared.upstream.get().port,
            flags: [
                "--requestheader-client-ca-file", pki.other("other.crt"), "--requestheader-username-headers",
                "X-Proxy-User", "--requestheader-extra-headers-prefix", "X-Proxy-Extra-", "--grafana-config", ini,
            ])
        let mark = "c\(UInt64.random(in: 0 ... .max))"
        let names = [
            "X-Proxy-User", "X_Proxy_User", "x-proxy-extra-a", "X-My-Sso", "X_MY_SSO", "X-My-Name", "X_My_Name",
            "X-My.Role",
        ]
        _ = try Curl.get(
            "https://127.0.0.1:\(gateway.securePort)/i?\(mark)", names.flatMap { ["-H", "\($0): root-by-header"] })
        let arrived = try #require(try Shared.upstream.get().recorded(mark).first)
        #expect(!arrived.head.contains("root-by-header"), "\(arrived.head)")

        let proxy = try pki.client("named-proxy", subject: "/CN=any", byOther: true)
        let answer = try Curl.get(
            "https://127.0.0.1:\(gateway.securePort)/apis/authentication.k8s.io/v1/selfsubjectreviews", pair: proxy,
            ["-X", "POST", "-d", "{}", "-H", "X-Proxy-User: ann", "-H", "X-Proxy-Extra-Team: a"])
        #expect(answer.at("status.userInfo.username") as? String == "ann", "\(answer.body)")
    }
}
