/// Lets the group `system:masters` do everything.
package final class MastersAuthorizer: Authorizer {
    /// An authorizer.
    package init() {}

    /// Allows masters.
    package func decide(_ subject: Subject, _ question: Question) -> Decision? {
        subject.user.groups.contains(User.masters) ? .allow : .noOpinion
    }

    /// Everything, for masters.
    package func rules(_ user: User, namespace: String) -> AccessRules {
        guard user.groups.contains(User.masters) else { return AccessRules() }
        return AccessRules(
            resources: [.init(verbs: ["*"], groups: ["*"], resources: ["*"])],
            paths: [.init(verbs: ["*"], paths: ["*"])])
    }
}

/// What Kubernetes lets everybody read from the first day: whether the server works, and, once they are known, what it
/// serves and who they are (cluster roles `system:public-info-viewer`, `system:discovery` and `system:basic-user`).
package final class BootstrapAuthorizer: Authorizer {
    private static let open: Set<String> = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
    private static let discovery = ["/api", "/apis", "/openapi"]

    /// An authorizer.
    package init() {}

    /// Allows reading these paths.
    package func decide(_ subject: Subject, _ question: Question) -> Decision? {
        let (user, info) = (subject.user, question.info)
        if info.isResource { return isSelfReview(info) && isKnown(user) ? .allow : .noOpinion }
        guard info.verb == "get" || info.verb == "head" else { return .noOpinion }
        if Self.open.contains(info.path) || info.path.hasPrefix("/livez/") || info.path.hasPrefix("/readyz/") {
            return .allow
        }
        guard isKnown(user) else { return .noOpinion }
        let isDiscovery = Self.discovery.contains { info.path == $0 || info.path.hasPrefix("\($0)/") }
        return isDiscovery ? .allow : .noOpinion
    }

    /// The same as rules.
    package func rules(_ user: User, namespace: String) -> AccessRules {
        let open = Self.open.sorted() + ["/livez/*", "/readyz/*"]
        guard isKnown(user) else { return AccessRules(paths: [.init(verbs: ["get"], paths: open)]) }
        let reviews = Self.selfReviews.map { group, resources in
            AccessRules.Resources(verbs: ["create"], groups: [group], resources: resources)
        }
        let discovery = Self.discovery.flatMap { [$0, "\($0)/*"] }
        return AccessRules(resources: reviews, paths: [.init(verbs: ["get"], paths: discovery + open)])
    }

    private static let selfReviews = [
        ("authentication.k8s.io", ["selfsubjectreviews"]),
        ("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
    ]

    private func isKnown(_ user: User) -> Bool { user.groups.contains(User.authenticated) }

    private func isSelfReview(_ info: RequestInfo) -> Bool {
        info.verb == "create" && Self.selfReviews.contains { $0 == info.group && $1.contains(info.resource) }
    }
}
