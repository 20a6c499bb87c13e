import NIOPosix

/// How a pool connects, where that isn't plain TCP to a server that the operator trusts.
package struct UpstreamTransport: Sendable {
    /// TLS; nil for plain TCP.
    package var tls: TLSClientSettings?
    /// The addresses that may be dialled.
    package var addresses: AddressPolicy
    /// Where names are looked up and certificates are read; both block.
    package var threads: NIOThreadPool

    /// A transport.
    package init(tls: TLSClientSettings?, addresses: AddressPolicy, threads: NIOThreadPool) {
        self.tls = tls
        self.addresses = addresses
        self.threads = threads
    }
}

/// A TLS handshake that failed.
struct TLSClientFault: Error, CustomStringConvertible {
    let why: String

    var description: String {
        let hint =
            why.contains("CERTIFICATE_VERIFY_FAILED")
            ? "; its certificate is not trusted or has another name (tlsAuthWithCACert with tlsCACert, serverName)" : ""
        return "the TLS handshake failed: \(why)\(hint)"
    }
}
