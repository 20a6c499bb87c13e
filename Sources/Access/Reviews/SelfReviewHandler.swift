import DataPlaneAPI
import HTTPKit
import NIOCore

/// Tells users who they are and what they may do: Kubernetes' self reviews, behind `kubectl auth whoami` and
/// `kubectl auth can-i`.
package final class SelfReviewHandler: ExchangeHandler {
    private let gate: any ExchangeGate
    private let policy: any Authorizer
    private let next: any ExchangeHandler

    /// The most bytes of a review.
    private static let limit = 64 * 1024
    /// `v1beta1` is what kubectl 1.27 asks for.
    private static let whoami = [
        "v1": "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        "v1beta1": "/apis/authentication.k8s.io/v1beta1/selfsubjectreviews",
    ]
    private static let canI = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    private static let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"

    /// What a path asks for.
    private enum Question {
        case subject(version: String)
        case access
        case rules

        init?(_ path: UnsafeRawBufferPointer) {
            guard path.hasPrefix("/apis/auth") else { return nil }
            if let version = SelfReviewHandler.whoami.first(where: { path.elementsEqual($0.value.utf8) })?.key {
                self = .subject(version: version)
            } else if path.elementsEqual(SelfReviewHandler.canI.utf8) {
                self = .access
            } else if path.elementsEqual(SelfReviewHandler.rules.utf8) {
                self = .rules
            } else {
                return nil
            }
        }
    }

    /// A handler for one event loop.
    ///
    /// - Parameters:
    ///   - gate: asked before anything is answered.
    ///   - policy: what is asked for users.
    ///   - next: the delegate.
    package init(gate: any ExchangeGate, policy: any Authorizer, next: any ExchangeHandler) {
        self.gate = gate
        self.policy = policy
        self.next = next
    }

    /// Answers reviews, hands everything else on.
    package func handle(_ exchange: Exchange) {
        guard let question = exchange.request.withPath({ Question($0) }) else { return next.handle(exchange) }
        exchange.handledBy = .api
        if let refusal = gate.refusal(exchange) { return exchange.respond(refusal) }
        guard exchange.request.method == .post else {
            return exchange.respond(.methodNotAllowed(exchange.request.methodText, allow: ["POST"]))
        }
        exchange.collectBody(limit: Self.limit, setting: "fixed") { [policy] result in
            do throws(GatewayError) {
                let body = Array(try result.get().readableBytesView)
                let user = exchange.user ?? .anonymous
                let review: JSONValue =
                    switch question {
                    case .subject(let version): SelfReview.subject(user, version)
                    case .access: try SelfReview.access(user, body, policy)
                    case .rules: try SelfReview.rules(user, body, policy)
                    }
                exchange.respond(201, contentType: "application/json", body: ByteBuffer(bytes: review.bytes())) {
                    $0.add("Cache-Control", fixed: "no-cache, private")
                }
            } catch {
                exchange.respond(error)
            }
        }
    }
}

/// Makes the bodies of self reviews.
enum SelfReview {
    /// Who the user is.
    static func subject(_ user: User, _ version: String) -> JSONValue {
        var info: JSONValue = ["username": .string(user.name)]
        if !user.uid.isEmpty { info["uid"] = .string(user.uid) }
        if !user.groups.isEmpty { info["groups"] = .array(user.groups.map { .string($0) }) }
        if !user.extra.isEmpty {
            var extra = JSONValue.emptyObject
            for key in user.extra.keys.sorted() {
                extra[key] = .array((user.extra[key] ?? []).map { .string($0) })
            }
            info["extra"] = extra
        }
        return [
            "kind": "SelfSubjectReview", "apiVersion": .string("authentication.k8s.io/\(version)"),
            "metadata": ["creationTimestamp": .null], "status": ["userInfo": info],
        ]
    }

    /// Whether the user may do what the body asks for.
    static func access(_ user: User, _ body: [UInt8], _ policy: any Authorizer) throws(GatewayError) -> JSONValue {
        let wanted = try AccessReviewRequest.parse(body)
        var status: JSONValue = ["allowed": false]
        switch policy.decide(user, { wanted }) {
        case .allow: status["allowed"] = true
        case .deny(let why):
            status["denied"] = true
            status["reason"] = .string(why)
        case .noOpinion: break
        }
        return [
            "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
            "metadata": ["creationTimestamp": .null], "spec": spec(wanted), "status": status,
        ]
    }

    /// Everything the user may do in the namespace that the body names.
    static func rules(_ user: User, _ body: [UInt8], _ policy: any Authorizer) throws(GatewayError) -> JSONValue {
        let rules = policy.rules(user, namespace: try AccessReviewRequest.rulesNamespace(body))
        func texts(_ list: [String]) -> JSONValue { .array(list.map { .string($0) }) }
        return [
            "kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1",
            "metadata": ["creationTimestamp": .null], "spec": .emptyObject,
            "status": [
                "resourceRules": .array(
                    rules.resources.map {
                        [
                            "verbs": texts($0.verbs), "apiGroups": texts($0.groups),
                            "resources": texts($0.resources),
                        ]
                    }),
                "nonResourceRules": .array(
                    rules.paths.map { ["verbs": texts($0.verbs), "nonResourceURLs": texts($0.paths)] }),
                "incomplete": false,
            ],
        ]
    }

    private static func spec(_ wanted: RequestInfo) -> JSONValue {
        guard wanted.isResource else {
            return ["nonResourceAttributes": ["path": .string(wanted.path), "verb": .string(wanted.verb)]]
        }
        let attributes = [
            ("namespace", wanted.namespace), ("verb", wanted.verb), ("group", wanted.group),
            ("version", wanted.version), ("resource", wanted.resource), ("subresource", wanted.subresource),
            ("name", wanted.name),
        ]
        var fields = JSONValue.emptyObject
        for (name, value) in attributes where !value.isEmpty { fields[name] = .string(value) }
        return ["resourceAttributes": fields]
    }
}
