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
        /// Those in an object's `spec.backend`.
        package static let backend = Words(
            authorities: "spec.backend.tls.caBundle", certificate: "the client certificate", key: "its key",
            serverName: "spec.backend.tls.serverName may name another",
            trust: "spec.backend.tls.caBundle, serverName")
    }

    /// Verification with the system's authorities, and no certificate.
    package init() {}
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
        let found = (try? NIOSSLCertificate.fromPEMBytes(chain))?.count ?? 0
        guard found > 0 else {
            throw GatewayError(.badRequest, "\(settings.words.certificate) holds no PEM certificate")
        }
        _ = try TLSClientContext(settings, host: "")
    }
}

/// The TLS side of connections to one server.
struct TLSClientContext: Sendable {
    private let context: NIOSSLContext
    private let name: String
    private let verifies: Bool
    let words: TLSClientSettings.Words

    /// A context; reads the system's authorities from files, so call it off the event loop.
    ///
    /// - Throws: `GatewayError` that says which part can't be used.
    init(_ settings: TLSClientSettings, host: String) throws(GatewayError) {
        func fault(_ why: String, _ error: any Error) -> GatewayError {
            GatewayError(
                .badRequest, "Unable to load TLS certificate: \(why)", source: .gateway, cause: describe(error))
        }
        let words = settings.words
        var made = TLSConfiguration.makeClientConfiguration()
        made.minimumTLSVersion = .tlsv12
        made.applicationProtocols = ["http/1.1"]
        made.certificateVerification = settings.verifies ? .fullVerification : .none
        if !settings.authorities.isEmpty {
            do {
                made.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(settings.authorities))
            } catch { throw fault("\(words.authorities) holds no PEM certificate", error) }
        }
        if !settings.certificateChain.isEmpty {
            do {
                made.certificateChain = try NIOSSLCertificate.fromPEMBytes(settings.certificateChain).map {
                    .certificate($0)
                }
            } catch { throw fault("\(words.certificate) holds no PEM certificate", error) }
            do {
                made.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: settings.privateKey, format: .pem))
            } catch { throw fault("\(words.key) is not an unencrypted PEM key", error) }
        }
        do { context = try NIOSSLContext(configuration: made) } catch {
            throw fault("\(words.key) does not belong to \(words.certificate)", error)
        }
        name = settings.serverName.isEmpty ? host : settings.serverName
        verifies = settings.verifies
        self.words = words
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
