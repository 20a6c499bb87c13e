import DataPlaneAPI
import Testing

@testable import Access

/// What is allowed before there are rules.
struct AuthorizerTests {
    private let policy = AuthorizerUnion([MastersAuthorizer(), BootstrapAuthorizer()])

    private func decide(_ user: User, _ method: String, _ path: String) -> Decision {
        policy.decide(Subject(user), .attributes(RequestInfo(method: method, CanonicalPath(path)))) ?? .noOpinion
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
            func decide(_ subject: Subject, _ question: Question) -> Decision? { .deny("closed") }
            func rules(_ user: User, namespace: String) -> AccessRules { AccessRules() }
        }
        let masters = Subject(User(name: "m", groups: [User.masters]))
        let path = Question.attributes(RequestInfo(method: "GET", CanonicalPath("/x")))
        #expect(AuthorizerUnion([No(), MastersAuthorizer()]).decide(masters, path) == .deny("closed"))
        #expect(AuthorizerUnion([MastersAuthorizer(), No()]).decide(masters, path) == .allow)
        #expect(AuthorizerUnion([]).decide(masters, path) == .noOpinion)
    }
}

/// What `kubectl auth can-i --list` shows is what is decided.
struct AccessRulesTests {
    private func rules(_ user: User) -> AccessRules {
        AuthorizerUnion([MastersAuthorizer(), BootstrapAuthorizer()]).rules(user, namespace: "default")
    }

    @Test func `masters have every verb on everything`() {
        let rules = rules(User(name: "m", groups: [User.masters]).asAuthenticated)
        #expect(rules.resources.first == .init(verbs: ["*"], groups: ["*"], resources: ["*"]))
        #expect(rules.paths.first == .init(verbs: ["*"], paths: ["*"]))
    }

    @Test func `every rule of a known user is allowed when it is tried`() {
        let bob = User(name: "bob", groups: ["dev"]).asAuthenticated
        let policy = AuthorizerUnion([MastersAuthorizer(), BootstrapAuthorizer()])
        let rules = policy.rules(bob, namespace: "default")
        #expect(rules.resources.flatMap(\.resources).contains("selfsubjectrulesreviews"))
        #expect(!rules.resources.contains { $0.groups.contains("*") || $0.resources.contains("*") })
        for rule in rules.resources {
            for resource in rule.resources {
                let path = "/apis/\(rule.groups[0])/v1/\(resource)"
                #expect(
                    policy.decide(
                        Subject(bob), .attributes(RequestInfo(method: "POST", CanonicalPath(path)))) == .allow,
                    "\(path)")
            }
        }
        for path in rules.paths.flatMap(\.paths) {
            let example = path.hasSuffix("*") ? path.dropLast() + "x" : path[...]
            #expect(
                policy.decide(
                    Subject(bob), .attributes(RequestInfo(method: "GET", CanonicalPath(String(example)))))
                    == .allow,
                "\(path)")
        }
    }

    @Test func `nobody has more than the state of the server`() {
        let rules = rules(.anonymous)
        #expect(rules.resources.isEmpty)
        #expect(
            rules.paths.flatMap(\.paths) == [
                "/healthz", "/livez", "/readyz", "/version", "/version/", "/livez/*", "/readyz/*",
            ])
    }
}
