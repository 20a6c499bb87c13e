import HTTPKit

/// What an authenticator makes of a request.
package enum Authentication: Sendable {
    /// It holds nothing for this authenticator.
    case unrecognised
    /// It is this user.
    case user(User)
    /// It holds a credential that is wrong: the next authenticator is asked, but nobody becomes anonymous any more.
    ///
    /// `why` is told to the client, `cause` only to the log.
    case refused(why: String, cause: String = "")
}

/// Finds out who makes a request, from one kind of credential.
///
/// Belongs to one event loop and is called there, for every request that carries anything it may look at.
package protocol Authenticator: AnyObject {
    /// Looks at the request without asking anybody; takes out what is a credential of the gateway alone.
    ///
    /// - Returns: nil when somebody must be asked, with `find`.
    func known(_ exchange: Exchange) -> Authentication?
    /// Asks; only called where the gateway answers itself, so that what goes on to the upstream costs nothing.
    func find(_ exchange: Exchange, _ done: @escaping (Authentication) -> Void)
    /// Whether browsers send the credential by themselves.
    var isAmbient: Bool { get }
}

extension Authenticator {
    /// Most credentials are put into a request by whoever writes it.
    package var isAmbient: Bool { false }

    /// Most know by themselves.
    package func find(_ exchange: Exchange, _ done: @escaping (Authentication) -> Void) {
        done(known(exchange) ?? .unrecognised)
    }
}
