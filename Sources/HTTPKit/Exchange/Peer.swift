import NIOCore

/// Who is at the other end of a connection.
package struct Peer: Sendable {
    /// The IP address as text; empty for a unix socket.
    package let address: String
    /// Whether it is a loopback address (or a unix socket).
    package let isLoopback: Bool

    /// Creates a peer from a socket address.
    package init(_ address: SocketAddress?) {
        let text = address?.ipAddress ?? ""
        self.address = text
        isLoopback = text.isEmpty || text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127.")
    }
}
