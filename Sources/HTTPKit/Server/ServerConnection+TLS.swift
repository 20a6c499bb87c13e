import NIOCore

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

    /// Reads again after somebody in front stopped it.
    func readAgain() {
        guard let channel, isReading else { return }
        try? channel.syncOptions?.setOption(.autoRead, value: true)
    }
}
