import DataPlaneAPI
import HTTPKit

/// Who asks for something.
package struct Subject: Sendable {
    /// The user that rules are about.
    package var user: User
    /// Whether browsers send the credential by themselves.
    package var isAmbient = false

    /// A subject.
    package init(_ user: User, isAmbient: Bool = false) {
        self.user = user
        self.isAmbient = isAmbient
    }
}

/// What a gate or an authorizer is asked about.
package enum Question {
    /// What a request wants; read when somebody looks at it.
    case request(Exchange)
    /// These attributes: of a review, or known beforehand.
    case attributes(RequestInfo)

    /// What is wanted.
    package var info: RequestInfo {
        switch self {
        case .request(let exchange): exchange.requestInfo
        case .attributes(let info): info
        }
    }
}

/// What a gate says.
package enum Verdict {
    /// The gateway answers, to this subject.
    case allowed(Subject)
    /// It answers with this error.
    case refused(GatewayError)
}

/// Decides whether the gateway answers an exchange itself; belongs to one event loop.
///
/// Two calls, because an answer that is at hand must cost nothing: a closure that waits for one has to be allocated.
package protocol Gate: AnyObject {
    /// The verdict; nil when somebody must be asked, with `ask`.
    func verdict(_ exchange: Exchange, _ question: Question) -> Verdict?
    /// Asks; owns the exchange until `then` is called, which never happens when the client leaves before.
    func ask(_ exchange: Exchange, _ question: Question, _ then: @escaping (Verdict) -> Void)
}

extension Gate {
    /// Lets nobody behind who isn't allowed; for paths where an allocation doesn't count.
    ///
    /// - Parameters:
    ///   - later: goes on when somebody had to be asked, and the answer was yes.
    /// - Returns: whether to go on at once; otherwise the exchange is answered, or will be.
    package func admits(_ exchange: Exchange, later: @escaping () -> Void) -> Bool {
        switch verdict(exchange, .request(exchange)) {
        case .allowed: return true
        case .refused(let error): exchange.respond(error)
        case nil:
            ask(exchange, .request(exchange)) { verdict in
                switch verdict {
                case .allowed: later()
                case .refused(let error): exchange.respond(error)
                }
            }
        }
        return false
    }
}
