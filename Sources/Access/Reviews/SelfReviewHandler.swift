import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore

/// Tells users who they are and what they may do: Kubernetes' self reviews, behind `kubectl auth whoami` and
/// `kubectl auth can-i`.
package final class SelfReviewHandler: ExchangeHandler {
    private let gate: any Gate
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
    private enum Review {
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
    package init(gate: any Gate, policy: any Authorizer, next: any ExchangeHandler) {
        self.gate = gate
        self.policy = policy
        self.next = next
    }

    /// Whether a path is one of a review.
    package static func answers(_ path: CanonicalPath) -> Bool { path.raw.withUnsafeBytes { Review($0) } != nil }

    /// Answers reviews, hands everything else on.
    package func handle(_ exchange: Exchange) {
        guard let review = exchange.request.withPath({ Review($0) }) else { return next.handle(exchange) }
        exchange.handledBy = .api
        if gate.admits(exchange, later: { [self] in answer(exchange, review) }) { answer(exchange, review) }
    }

    private func answer(_ exchange: Exchange, _ review: Review) {
        guard exchange.request.method == .post else {
            return exchange.respond(.methodNotAllowed(exchange.request.methodText, allow: ["POST"]))
        }
        exchange.collectBody(limit: Self.limit, setting: "") { [self] result in
            do throws(GatewayError) {
                let body = try result.get()
                let user = exchange.user ?? .anonymous
                switch review {
                case .subject(let version):
                    try AccessReviewRequest.checkSubject(body)
                    Self.respond(exchange, SelfReview.subject(user, version))
                case .access: access(exchange, Subject(user), try AccessReviewRequest.parse(body))
                case .rules: Self.respond(exchange, try SelfReview.rules(user, body, policy))
                }
            } catch {
                exchange.respond(error)
            }
        }
    }

    /// Answers whether the subject may do something, asking where somebody must be asked.
    private func access(_ exchange: Exchange, _ subject: Subject, _ wanted: RequestInfo) {
        if let decision = policy.decide(subject, .attributes(wanted)) {
            return Self.respond(exchange, SelfReview.access(wanted, decision))
        }
        policy.ask(subject, .attributes(wanted)) { decision in
            if !exchange.isOver { Self.respond(exchange, SelfReview.access(wanted, decision)) }
        }
    }

    private static func respond(_ exchange: Exchange, _ review: JSONValue) {
        exchange.respond(201, contentType: "application/json", body: ByteBuffer(bytes: review.bytes())) {
            $0.add("Cache-Control", fixed: "no-cache, private")
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

    /// Whether what is wanted may be done.
    static func access(_ wanted: RequestInfo, _ decision: Decision) -> JSONValue {
        var status: JSONValue = ["allowed": false]
        switch decision {
        case .allow: status["allowed"] = true
        case .deny(let why):
            status["denied"] = true
            status["reason"] = .string(why)
        case .noOpinion: break
        case .failed(let error): status["evaluationError"] = .string(error.message)
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
                "incomplete": .bool(!rules.isComplete),
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

extension HandlerName {
    /// The gateway's own API: reviews here, everything else in the API server.
    package static let api = register("api")
}
