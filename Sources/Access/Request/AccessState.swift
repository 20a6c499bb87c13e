import DataPlaneAPI
import HTTPKit

/// What is known about who makes a request and what they want; one per exchange, made when first asked for.
package final class AccessState {
    /// Who it is; nil while nobody was recognised.
    package internal(set) var user: User?
    /// Who asked to act as `user`; nil when they act as themselves.
    package internal(set) var impersonator: User?
    /// Why a credential was refused, for the answer; nil when none was.
    var refusal: String?
    /// More on that, for the log alone.
    var refusalCause: String?
    /// Whether browsers send the credential by themselves, so that a page of another site could use it.
    var isAmbient = false
    /// Those who might recognise the user, but would have to ask somebody.
    var unasked: [any Authenticator] = []
    /// As whom the request wants to act.
    var impersonation: Impersonation?
    /// Whether the resource `connections` of this request is another name for `datasources`.
    package var countsConnectionsAsDataSources = false

    private var info: RequestInfo?

    init() {}

    /// Takes what an authenticator found.
    ///
    /// - Returns: whether the user is known now.
    @discardableResult
    func take(_ found: Authentication, isAmbient: Bool) -> Bool {
        switch found {
        case .unrecognised: return false
        case .user(let user):
            self.user = user
            self.isAmbient = isAmbient
            refusal = nil
            return true
        case .refused(let why, let cause):
            guard refusal == nil else { return false }
            refusal = why
            refusalCause = cause.isEmpty ? nil : cause
            return false
        }
    }

    /// What the request wants, read once.
    func requestInfo(_ exchange: Exchange) -> RequestInfo {
        if let info { return info }
        var made = RequestInfo(exchange.request, exchange.path)
        if countsConnectionsAsDataSources, made.resource == "connections" { made.resource = "datasources" }
        info = made
        return made
    }
}

extension Exchange {
    /// What the access layer knows about this request.
    package var accessState: AccessState {
        if let known = access as? AccessState { return known }
        let made = AccessState()
        access = made
        return made
    }

    /// Who makes the request; nil while nobody was recognised.
    package var user: User? { (access as? AccessState)?.user }

    /// What the request wants to do.
    package var requestInfo: RequestInfo { accessState.requestInfo(self) }
}
