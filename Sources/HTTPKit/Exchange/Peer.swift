import NIOCore

/// What a client's certificate was found to be, kept for its connection; made by a `PeerCertificateVerifier`.
package protocol PeerCertificate: AnyObject, Sendable {}

/// Judges the certificates that clients show during the TLS handshake.
package protocol PeerCertificateVerifier: Sendable {
    /// Judges a certificate; the client has proved that it holds the key.
    ///
    /// - Parameter chain: the certificates in DER, the client's own first. A resumed session brings only that one.
    func verify(_ chain: [[UInt8]]) async -> any PeerCertificate
}

/// Who is at the other end of a connection.
package struct Peer: Sendable {
    /// The IP address as text; empty for a unix socket.
    package let address: String
    /// Whether it is a loopback address (or a unix socket).
    package let isLoopback: Bool
    /// Whether the connection is encrypted.
    package internal(set) var isTLS = false
    /// The certificate that the client showed; nil for none.
    package internal(set) var certificate: (any PeerCertificate)?

    /// Creates a peer from a socket address.
    package init(_ address: SocketAddress?) {
        let text = address?.ipAddress ?? ""
        self.address = text
        isLoopback = text.isEmpty || text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127.")
    }
}
