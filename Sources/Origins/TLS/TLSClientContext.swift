import DataPlaneAPI
import NIOCore
import NIOSSL

/// What a TLS connection to a server shows and asks for.
package struct TLSClientSettings: Sendable, Hashable {
    /// Whether the server's certificate is verified.
    package var verifies = true
    /// Authorities that the server's certificate is verified with, PEM; empty for those of the system.
    package var authorities: [UInt8] = []
    /// The certificate that is shown and its intermediates, PEM; empty for none.
    package var certificateChain: [UInt8] = []
    /// Its private key, PEM.
    package var privateKey: [UInt8] = []
    /// The name that the certificate must have; empty for the host that is connected to.
    package var serverName = ""
    /// What messages call these settings.
    package var words = Words.dataSource

    /// The names of settings, as whoever wrote them knows them.
    package struct Words: Sendable, Hashable {
        var authorities: String
        var certificate: String
        var key: String
        var serverName: String
        var trust: String

        /// Those in a data source's jsonData and secureJsonData.
        package static let dataSource = Words(
            authorities: "tlsCACert", certificate: "tlsClientCert", key: "tlsClientKey",
            serverName: "the data source may name another in serverName",
            trust: "tlsAuthWithCACert with tlsCACert, serverName")
        /// The gateway's own settings for its upstream.
        package static let upstream = Words(
            authorities: "setting upstream-ca-file", certificate: "setting upstream-client-cert-file",
            key: "setting upstream-client-key-file", serverName: "setting upstream-server-name may name another",
            trust: "settings upstream-ca-file, upstream-server-name")
        /// Those in an object's `spec.backend`.
        package static let backend = Words(
            authorities: "spec.backend.tls.caBundle", certificate: "the client certificate", key: "its key",
            serverName: "spec.backend.tls.serverName may name another",
            trust: "spec.backend.tls.caBundle, serverName")
    }

    /// Verification with the system's authorities, and no certificate.
    package init() {}

    /// The same, where nothing can be set about it.
    package static let system: TLSClientSettings = {
        var settings = TLSClientSettings()
        settings.words.trust = ""
        return settings
    }()
}

extension TLSClientSettings {
    /// Checks that a client certificate and its key are readable and belong together.
    ///
    /// - Throws: 400 that says what is wrong.
    package static func check(chain: [UInt8], key: [UInt8]) throws(GatewayError) {
        var settings = TLSClientSettings()
        settings.words = .backend
        settings.certificateChain = chain
        settings.privateKey = key
        // An empty file is what one sees in the middle of a write; without a certificate nothing would be shown at all.
        try Self.check(chain, settings.words.certificate)
        try settings.check()
    }

    /// Checks that authorities, client certificate and key are readable and belong together; not on an event loop.
    ///
    /// - Throws: 400 that says what is wrong.
    package func check() throws(GatewayError) {
        if !authorities.isEmpty { try Self.check(authorities, words.authorities) }
        if case .failure(let fault) = TLSMaterial(self).context() { throw fault.error(words) }
    }

    private static func check(_ pem: [UInt8], _ what: String) throws(GatewayError) {
        let found = (try? NIOSSLCertificate.fromPEMBytes(pem))?.count ?? 0
        guard found > 0 else { throw GatewayError(.badRequest, "\(what) holds no PEM certificate") }
    }
}

/// The TLS side of connections to one server.
struct TLSClientContext: Sendable {
    private let context: NIOSSLContext
    private let name: String
    private let verifies: Bool
    let words: TLSClientSettings.Words

    /// The side of a server, on what `TLSContexts` has made of its settings.
    init(_ context: NIOSSLContext, _ settings: TLSClientSettings, host: String) {
        self.context = context
        name = settings.serverName.isEmpty ? host : settings.serverName
        verifies = settings.verifies
        words = settings.words
    }

    /// The handler of a new connection.
    func handler() throws -> NIOSSLClientHandler {
        // An address can't be asked for in a handshake.
        let asked = (try? SocketAddress(ipAddress: name, port: 0)) == nil ? name : nil
        return try NIOSSLClientHandler(context: context, serverHostname: asked)
    }

    /// Why the server of a finished handshake isn't the one that was meant; nil when it is.
    func fault(_ channel: (any Channel)?) -> String? {
        guard verifies else { return nil }
        let handler = try? channel?.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
        guard let certificate = handler?.peerCertificate, CertificateNames.has(certificate, name) else {
            return "the certificate is not for \(name); \(words.serverName)"
        }
        return nil
    }
}
