import DataPlaneAPI
import NIOCore
import NIOSSL
import Synchronization

/// What a TLS listener shows and asks for.
package struct TLSServerMaterial: Sendable, Equatable {
    /// The listener's certificate and the intermediates after it, PEM.
    package var certificateChain: [UInt8]
    /// Its private key, PEM.
    package var privateKey: [UInt8]
    /// Authorities whose certificates clients are asked for, PEM; empty when clients aren't asked.
    package var clientAuthorities: [UInt8]

    /// Creates the material.
    package init(certificateChain: [UInt8], privateKey: [UInt8], clientAuthorities: [UInt8] = []) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.clientAuthorities = clientAuthorities
    }
}

/// The TLS side of a listener; what it shows can be replaced while connections are open, new ones get the new.
package final class TLSServerContext: Sendable {
    private let context: Mutex<NIOSSLContext>
    let verifier: (any PeerCertificateVerifier)?

    /// A context.
    ///
    /// - Parameter verifier: judges clients' certificates, where the material asks for them.
    /// - Throws: `GatewayError` that says which part can't be used.
    package init(_ material: TLSServerMaterial, verifier: (any PeerCertificateVerifier)?) throws(GatewayError) {
        context = Mutex(try Self.make(material))
        self.verifier = verifier
    }

    /// Shows something else from now on; keeps the old when the new can't be used.
    package func replace(_ material: TLSServerMaterial) throws(GatewayError) {
        let made = try Self.make(material)
        context.withLock { $0 = made }
    }

    /// The handlers of a new connection, before the one that reads HTTP.
    func handlers(for connection: ServerConnection) -> [any ChannelHandler] {
        let context = context.withLock { $0 }
        connection.isHandshaking = true
        guard let verifier else {
            return [PlainTextGuard(), NIOSSLServerHandler(context: context), TLSPeerHandler(connection)]
        }
        let peer = TLSPeerHandler(connection, verifier: verifier)
        // Any certificate is let through here: who shows a wrong one gets an answer that says so, which a failed
        // handshake can't.
        let tls = NIOSSLServerHandler(
            context: context,
            customVerificationCallback: { chain, promise in
                peer.shown = chain
                promise.succeed(.certificateVerified)
            })
        return [PlainTextGuard(), tls, peer]
    }

    private static func make(_ material: TLSServerMaterial) throws(GatewayError) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMBytes(material.certificateChain) } catch {
            throw GatewayError(.badRequest, "it holds no PEM certificate")
        }
        guard !chain.isEmpty else { throw GatewayError(.badRequest, "it holds no PEM certificate") }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(bytes: material.privateKey, format: .pem) } catch {
            throw GatewayError(.badRequest, "the private key is not an unencrypted PEM key")
        }
        var settings = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        settings.minimumTLSVersion = .tlsv12
        // A client that doesn't say goodbye shall not hold up a stop.
        settings.shutdownTimeout = .milliseconds(500)
        // Forward secrecy and authenticated encryption only, also for TLS 1.2.
        settings.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
        // HTTP/2 joins here once there is a codec for it.
        settings.applicationProtocols = ["http/1.1"]
        if !material.clientAuthorities.isEmpty {
            let authorities: [NIOSSLCertificate]
            do { authorities = try NIOSSLCertificate.fromPEMBytes(material.clientAuthorities) } catch {
                throw GatewayError(.badRequest, "the client authorities hold no PEM certificate")
            }
            settings.certificateVerification = .optionalVerification
            settings.trustRoots = .certificates(authorities)
            settings.sendCANameList = true
        }
        do { return try NIOSSLContext(configuration: settings) } catch {
            throw GatewayError(
                .badRequest, "the private key does not belong to the certificate", cause: describe(error))
        }
    }
}
