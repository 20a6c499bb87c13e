/// What an authorizer says.
package enum Decision: Sendable, Equatable {
    /// It may be done.
    case allow
    /// It may not be done, whatever other authorizers say; for the message to the client.
    case deny(String)
    /// Somebody else decides; if nobody does, it may not be done.
    case noOpinion
}

/// Decides what users may do; belongs to one event loop.
package protocol Authorizer: AnyObject {
    /// Whether the user may do it; `request` reads the request when asked for the first time.
    func decide(_ user: User, _ request: () -> RequestInfo) -> Decision
    /// What the user may do in a namespace, for `kubectl auth can-i --list`.
    func rules(_ user: User, namespace: String) -> AccessRules
}

/// What somebody may do, as rules of Kubernetes' RBAC.
package struct AccessRules: Sendable, Hashable {
    /// Verbs on resources of groups; `*` means all of them.
    package struct Resources: Sendable, Hashable {
        /// The verbs.
        package var verbs: [String]
        /// The API groups; empty text for the core group.
        package var groups: [String]
        /// The plurals, with subresources as `plural/subresource`.
        package var resources: [String]

        /// Creates a rule.
        package init(verbs: [String], groups: [String], resources: [String]) {
            (self.verbs, self.groups, self.resources) = (verbs, groups, resources)
        }
    }

    /// Verbs on paths; a `*` at the end of a path means everything that begins so.
    package struct Paths: Sendable, Hashable {
        /// The verbs.
        package var verbs: [String]
        /// The paths.
        package var paths: [String]

        /// Creates a rule.
        package init(verbs: [String], paths: [String]) {
            (self.verbs, self.paths) = (verbs, paths)
        }
    }

    /// Rules on resources.
    package var resources: [Resources] = []
    /// Rules on paths.
    package var paths: [Paths] = []

    /// No rules.
    package init(resources: [Resources] = [], paths: [Paths] = []) {
        (self.resources, self.paths) = (resources, paths)
    }
}

/// Asks one authorizer after the other; the first opinion counts.
package final class AuthorizerUnion: Authorizer {
    private let members: [any Authorizer]

    /// A union, in the order of asking.
    package init(_ members: [any Authorizer]) {
        self.members = members
    }

    /// The first opinion.
    package func decide(_ user: User, _ request: () -> RequestInfo) -> Decision {
        for member in members {
            let decision = member.decide(user, request)
            if decision != .noOpinion { return decision }
        }
        return .noOpinion
    }

    /// The rules of all members, in their order.
    package func rules(_ user: User, namespace: String) -> AccessRules {
        members.reduce(into: AccessRules()) { all, member in
            let rules = member.rules(user, namespace: namespace)
            all.resources += rules.resources
            all.paths += rules.paths
        }
    }
}
