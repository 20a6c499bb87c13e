import DataPlaneAPI
import Testing

@testable import Access

/// What is allowed before there are rules.
struct AuthorizerTests {
    private let policy = AuthorizerUnion([MastersAuthorizer(), BootstrapAuthorizer()])

    private func decide(_ user: User, _ method: String, _ path: String) -> Decision {
        policy.decide(user) { RequestInfo(method: method, CanonicalPath(path)) { [] } }
    }

    @Test func `masters may do everything`() {
        let user = User(name: "ann", groups: ["x", User.masters])
        #expect(decide(user, "DELETE", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices") == .allow)
        #expect(decide(user, "GET", "/anything") == .allow)
    }

    @Test(arguments: ["/livez", "/readyz", "/readyz/ping", "/version"])
    func `everybody may see whether it works`(path: String) {
        #expect(decide(.anonymous, "GET", path) == .allow)
        #expect(decide(.anonymous, "HEAD", path) == .allow)
        #expect(decide(.anonymous, "POST", path) == .noOpinion)
    }

    @Test(arguments: ["/api", "/api/v1", "/apis", "/apis/g.io", "/apis/g.io/v1", "/openapi/v2", "/openapi/v3"])
    func `who is known may see what is served`(path: String) {
        let bob = User(name: "bob").asAuthenticated
        #expect(decide(bob, "GET", path) == .allow)
        #expect(decide(.anonymous, "GET", path) == .noOpinion)
    }

    @Test func `nothing else is allowed to users`() {
        let bob = User(name: "bob", groups: ["dev"]).asAuthenticated
        for path in [
            "/apis/g.io/v1/things", "/apisx", "/metrics", "/livezx", "/apis/a/v1/namespaces/n/datasources/u/query",
        ] {
            #expect(decide(bob, "GET", path) == .noOpinion, "\(path)")
        }
        #expect(decide(bob, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews") == .allow)
        #expect(decide(.anonymous, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews") == .noOpinion)
    }

    @Test func `the first opinion counts`() {
        final class No: Authorizer {
            func decide(_ user: User, _ request: () -> RequestInfo) -> Decision { .deny("closed") }
        }
        let masters = User(name: "m", groups: [User.masters])
        let path = { RequestInfo(method: "GET", CanonicalPath("/x")) { [] } }
        #expect(AuthorizerUnion([No(), MastersAuthorizer()]).decide(masters, path) == .deny("closed"))
        #expect(AuthorizerUnion([MastersAuthorizer(), No()]).decide(masters, path) == .allow)
        #expect(AuthorizerUnion([]).decide(masters, path) == .noOpinion)
    }
}

/// Reviews are read from JSON and from Kubernetes' protobuf, and broken ones are refused.
struct AccessReviewRequestTests {
    /// What kubectl 1.33 sends for `auth can-i create dataplaneservices`.
    private static let protobuf: [UInt8] =
        [0x6B, 0x38, 0x73, 0x00, 0x12, 0x49, 0x0A, 0x00, 0x12, 0x45, 0x0A, 0x43] + [0x0A, 0x07] + Array("default".utf8)
        + [0x12, 0x06] + Array("create".utf8) + [0x1A, 0x17] + Array("aggregation.grafana.app".utf8) + [0x22, 0x00]
        + [0x2A, 0x11] + Array("dataplaneservices".utf8) + [0x32, 0x00, 0x3A, 0x00]

    @Test func `both forms mean the same`() throws {
        let json = """
            {"spec":{"resourceAttributes":{"namespace":"default","verb":"create","group":"aggregation.grafana.app",
            "resource":"dataplaneservices"}}}
            """
        let fromJSON = try AccessReviewRequest.parse(Array(json.utf8))
        let fromProtobuf = try AccessReviewRequest.parse(Self.protobuf)
        #expect(fromJSON == fromProtobuf)
        #expect(fromJSON.isResource && fromJSON.verb == "create" && fromJSON.namespace == "default")
    }

    @Test func `every cut of a review is refused or read, never a crash`() {
        for length in 0..<Self.protobuf.count {
            let cut = Array(Self.protobuf[..<length])
            #expect(throws: GatewayError.self) { try AccessReviewRequest.parse(cut) }
        }
        #expect(throws: GatewayError.self) { try AccessReviewRequest.parse(Array("{\"spec\":{}}".utf8)) }
    }
}
