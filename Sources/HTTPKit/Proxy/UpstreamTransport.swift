import NIOPosix

/// How a pool connects, where that isn't plain TCP to a server that the operator trusts.
package struct UpstreamTransport: Sendable {
    /// TLS; nil for plain TCP.
    package var tls: TLSClientSettings?
    /// The addresses that may be dialled.
    package var addresses: AddressPolicy
    /// Where names are looked up and certificates are read; both block.
    package var threads: NIOThreadPool
    /// What messages call the kind of server.
    package var subject: String

    /// A transport.
    package init(
        tls: TLSClientSettings?, addresses: AddressPolicy, threads: NIOThreadPool, subject: String = "the data source"
    ) {
        self.tls = tls
        self.addresses = addresses
        self.threads = threads
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
