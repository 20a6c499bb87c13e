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
        let version = exchange.request.withPath { path in
            path.hasPrefix("/apis/auth") ? Self.whoami.first { path.elementsEqual($0.value.utf8) }?.key : nil
        }
        guard version != nil || exchange.request.withPath({ $0.elementsEqual(Self.canI.utf8) }) else {
            return next.handle(exchange)
        }
        exchange.handledBy = .api
        if let refusal = gate.refusal(exchange) { return exchange.respond(refusal) }
        guard exchange.request.method == .post else {
            return exchange.respond(.methodNotAllowed(exchange.request.methodText, allow: ["POST"]))
        }
        exchange.collectBody(limit: Self.limit, setting: "fixed") { [policy] result in
            do throws(GatewayError) {
                let body = try result.get()
                let user = exchange.user ?? .anonymous
                let review: JSONValue
                if let version {
                    review = SelfReview.subject(user, version)
                } else {
                    review = try SelfReview.access(user, Array(body.readableBytesView), policy)
                }
                exchange.respond(201, contentType: "application/json", body: ByteBuffer(bytes: review.bytes())) {
                    $0.writeField("Cache-Control", "no-cache, private")
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
