import NIOCore
import NIOSSL

extension ServerConnection {
    /// The TLS handshake is done.
    func isEncrypted() {
        isHandshaking = false
        peer.isTLS = true
    }

    /// The TLS handshake failed; the channel closes.
    func handshakeFailed(_ why: String) { context.observer?.handshakeFailed(peer, why) }

    /// The client's certificate was judged.
    func hasCertificate(_ certificate: any PeerCertificate) { peer.certificate = certificate }

    /// Whether an error only says that the client ended its side without TLS's goodbye, as many do.
    ///
    /// Nothing is lost by that: where a request ends, its head says.
    static func isRaggedEnd(_ error: any Error) -> Bool {
        if case .uncleanShutdown = error as? NIOSSLError { true } else { false }
    }

    /// Reads again after somebody in front stopped it.
    func readAgain() {
        guard let channel, isReading else { return }
        try? channel.syncOptions?.setOption(.autoRead, value: true)
    }
}
