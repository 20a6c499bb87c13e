import DataPlaneAPI

/// What an authorizer says.
package enum Decision: Sendable, Equatable {
    /// It may be done.
    case allow
    /// It may not be done, whatever other authorizers say; for the message to the client.
    case deny(String)
    /// Somebody else decides; if nobody does, it may not be done.
    case noOpinion
    /// It couldn't be found out: nobody else is asked, and it may not be done now.
    case failed(GatewayError)
}

/// Decides what users may do; belongs to one event loop.
package protocol Authorizer: AnyObject {
    /// Whether the subject may do it; nil when somebody must be asked, with `ask`.
    func decide(_ subject: Subject, _ question: Question) -> Decision?
    /// Asks; `done` is called once, on the loop.
    func ask(_ subject: Subject, _ question: Question, _ done: @escaping (Decision) -> Void)
    /// What the user may do in a namespace, for `kubectl auth can-i --list`.
    func rules(_ user: User, namespace: String) -> AccessRules
}

extension Authorizer {
    /// Most know by themselves.
    package func ask(_ subject: Subject, _ question: Question, _ done: @escaping (Decision) -> Void) {
        done(decide(subject, question) ?? .noOpinion)
    }
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
    /// Whether there are no others: somebody who only answers questions can't list what they would allow.
    package var isComplete = true

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

    /// The first opinion; nil when the first that may have one must ask.
    package func decide(_ subject: Subject, _ question: Question) -> Decision? {
        for member in members {
            let decision = member.decide(subject, question)
            if decision != .noOpinion { return decision }
        }
        return .noOpinion
    }

    /// The first opinion.
    package func ask(_ subject: Subject, _ question: Question, _ done: @escaping (Decision) -> Void) {
        ask(members[...], subject, question, done)
    }

    private func ask(
        _ members: ArraySlice<any Authorizer>, _ subject: Subject, _ question: Question,
        _ done: @escaping (Decision) -> Void
    ) {
        var rest = members
        while let member = rest.popFirst() {
            switch member.decide(subject, question) {
            case .noOpinion: continue
            case let opinion?: return done(opinion)
            case nil:
                return member.ask(subject, question) { [self] decision in
                    if decision == .noOpinion { ask(rest, subject, question, done) } else { done(decision) }
                }
            }
        }
        done(.noOpinion)
    }

    /// The rules of all members, in their order.
    package func rules(_ user: User, namespace: String) -> AccessRules {
        members.reduce(into: AccessRules()) { all, member in
            let rules = member.rules(user, namespace: namespace)
            all.resources += rules.resources
            all.paths += rules.paths
            all.isComplete = all.isComplete && rules.isComplete
        }
    }
}
