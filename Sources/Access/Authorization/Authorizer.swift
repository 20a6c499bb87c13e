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
}
