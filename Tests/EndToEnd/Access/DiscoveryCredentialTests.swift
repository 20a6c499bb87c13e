import Foundation
import Testing

/// Grafana's own pages read discovery with Grafana's credentials, also where the gateway has users of its own.
@Suite(.timeLimit(.minutes(5)))
struct DiscoveryCredentialTests {
    private static let gateway = Result { () throws -> Gateway in
        let folder = try TemporaryFolder()
        let tokens = try folder.write("tokens.csv", "root-token,root,u-0,\"system:masters\"\nbob-token,bob,u-1\n")
        let gateway = try Gateway(
            upstream: try Shared.upstream.get().port, services: [.init()], flags: ["--token-auth-file", tokens])
        return gateway
    }

    private static let foreign: [(String, String)] = [
        ("Cookie", "grafana_session=0123456789abcdef"), ("Authorization", "Bearer glsa_not-ours"),
        ("Authorization", "Basic YWRtaW46YWRtaW4="),
    ]

    @Test(arguments: [
        "/apis", "/apis/", "/api", "/apis/aggregation.grafana.app", "/apis/test.example.com",
        "/apis/test.example.com/v1",
        "/openapi/v3", "/openapi/v2", "/openapi/v3/apis/test.example.com/v1",
    ])
    func `who has Grafana's credentials gets Grafana's answer`(path: String) throws {
        let gateway = try Self.gateway.get()
        for header in Self.foreign {
            let answer = try gateway.request("GET", "\(path)?a=b", [header])
            #expect(answer.status == 200 && answer.json["target"] as? String == "\(path)?a=b", "\(answer.text)")
            let got = answer.json["headers"] as? [[String]] ?? []
            #expect(got.contains([header.0, header.1]), "\(answer.text)")
        }
        // Without any there is nobody whom Grafana could know.
        #expect([401, 403].contains(try gateway.request("GET", path).status))
        let ours = try gateway.request("GET", path, [("Authorization", "Bearer bob-token")])
        // The document of a claimed group is the upstream's where it has one.
        #expect(ours.status == 200, "\(ours.text)")
        #expect(path.contains("openapi/v3/apis") || ours.json["target"] == nil, "\(ours.text)")
    }

    @Test func `whoever the gateway knows gets its own groups as well`() throws {
        let answer = try Self.gateway.get().request("GET", "/apis", [("Authorization", "Bearer bob-token")])
        #expect(answer.text.contains("aggregation.grafana.app") && answer.text.contains("test.example.com"))
    }

    @Test func `nothing else opens by it`() throws {
        let gateway = try Self.gateway.get()
        let objects = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"
        for header in Self.foreign {
            #expect([401, 403].contains(try gateway.request("GET", objects, [header]).status))
            let post = try gateway.request("POST", "/apis", [header], body: "{}")
            #expect([401, 403, 405].contains(post.status) && post.isStatus)
        }
        // A cookie that a page of another site sends along is no proof of anything.
        let page = try gateway.request(
            "GET", "/apis", [Self.foreign[0], ("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site")])
        #expect([401, 403].contains(page.status) && page.isStatus)
        // Who wants to act as another is not taken for themselves.
        let acting = try gateway.request("GET", "/apis", [Self.foreign[1], ("Impersonate-User", "root")])
        #expect([401, 403].contains(acting.status) && acting.isStatus, "\(acting.text)")
        // kubectl with a wrong token learns from the gateway that it is wrong.
        let kubectl = ("User-Agent", "kubectl/v1.33.0 (linux/amd64) kubernetes/8adc0f0")
        let wrong = try gateway.request("GET", "/apis", [kubectl, ("Authorization", "Bearer nonsense")])
        #expect(wrong.status == 401 && wrong.isStatus)
        let grafana = try gateway.request("GET", "/apis", [kubectl, ("Authorization", "Bearer glsa_x")])
        #expect(grafana.json["target"] as? String == "/apis")
        let known = try gateway.request(
            "GET", "/apis", [("Authorization", "Bearer bob-token"), ("Impersonate-User", "root")])
        #expect(known.status == 403 && known.isStatus)
    }
}
