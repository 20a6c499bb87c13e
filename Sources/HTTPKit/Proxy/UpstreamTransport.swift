import DataPlaneAPI

/// What every connection to a server needs before it is made.
package struct Dialer: Sendable {
    /// Looks names up.
    package let names: NameService
    /// Makes what TLS connections are made with.
    package let contexts: TLSContexts
    /// For work that holds up a loop.
    package let work: SideWork

    /// A dialer.
    package init(names: NameService, contexts: TLSContexts, work: SideWork) {
        self.names = names
        self.contexts = contexts
        self.work = work
    }

    /// The same for probes: look-ups of theirs don't hold up those of requests.
    package func forProbes(_ names: NameService) -> Dialer { Dialer(names: names, contexts: contexts, work: work) }
}

/// How a pool connects.
package struct UpstreamTransport: Sendable {
    /// TLS; nil for plain TCP.
    package var tls: TLSClientSettings?
    /// The addresses that may be dialled; nil for all, where the operator chose the server.
    package var addresses: AddressPolicy?
    /// Names and TLS.
    package var dialer: Dialer
    /// What messages call the kind of server.
    package var subject: String

    /// A transport.
    package init(
        tls: TLSClientSettings? = nil, addresses: AddressPolicy? = nil, dialer: Dialer,
        subject: String = "the data source"
    ) {
        self.tls = tls
        self.addresses = addresses
        self.dialer = dialer
        self.subject = subject
    }
}

/// A TLS handshake that failed.
struct TLSClientFault: Error, CustomStringConvertible {
    let why: String
    let words: TLSClientSettings.Words

    var description: String {
        let hint =
            why.contains("certificate can't be verified")
            ? "; its certificate is not trusted or has another name (\(words.trust))" : ""
        return "the TLS handshake failed: \(why)\(hint)"
    }
}
