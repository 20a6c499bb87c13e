/// How long the connections of a pool may take.
package struct OriginTimeouts: Sendable {
    /// For the TCP connection, and for the TLS handshake after it, milliseconds.
    package var connectMS = 5_000
    /// For an idle connection in the pool, seconds.
    package var idleSeconds = 55
    /// For `100 Continue`, milliseconds, before the body is sent without it.
    package var continueMS = 1_000

    /// The default time-outs.
    package init() {}
}
