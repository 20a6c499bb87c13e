import DataPlaneAPI
import HTTPKit

/// What every connection to an origin needs before it is made.
package struct Dialer: Sendable {
    /// Looks names up.
    package let names: NameService
    /// Makes what TLS connections are made with.
    package let contexts: TLSContexts
    /// For work that holds up a loop.
    package let work: SideWork
    /// The addresses that may be dialled; nil for all, where the operator chose the origin.
    package private(set) var addresses: AddressPolicy?
    /// What messages call the kind of origin.
    package private(set) var subject = "the server"

    /// A dialer of any address.
    package init(names: NameService, contexts: TLSContexts, work: SideWork) {
        self.names = names
        self.contexts = contexts
        self.work = work
    }

    /// The same for probes: look-ups of theirs don't hold up those of requests.
    package func forProbes(_ names: NameService) -> Dialer { Dialer(names: names, contexts: contexts, work: work) }

    /// The same under a policy.
    ///
    /// - Parameter subject: what messages call the kind of origin.
    package func limited(to addresses: AddressPolicy, subject: String) -> Dialer {
        var dialer = self
        dialer.addresses = addresses
        dialer.subject = subject
        return dialer
    }
}

/// A TLS handshake that failed.
struct TLSClientFault: DescribedError {
    let why: String
    let words: TLSClientSettings.Words

    var description: String {
        let hint =
            if why.contains("does not speak TLS") {
                "; check whether its URL should begin with http://"
            } else if !words.trust.isEmpty, why.contains("certificate can't be verified") {
                "; its certificate is not trusted or has another name (\(words.trust))"
            } else {
                ""
            }
        return "the TLS handshake failed: \(why)\(hint)"
    }
}
