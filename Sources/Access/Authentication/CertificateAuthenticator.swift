import HTTPKit

/// Recognises users by their client certificate: the common name is the user, organisations are the groups.
package final class CertificateAuthenticator: Authenticator {
    /// Browsers choose a certificate by themselves.
    package let isAmbient = true

    /// An authenticator for one event loop.
    package init() {}

    /// Looks at the certificate of the connection.
    package func known(_ exchange: Exchange) -> Authentication? {
        guard let certificate = exchange.peer.certificate as? ClientCertificate else { return .unrecognised }
        switch certificate.client {
        case .notAsked: return .unrecognised
        case .valid(let user): return user.name.isEmpty ? .unrecognised : .user(user)
        case .refused(let why): return .refused(why: why)
        }
    }
}
