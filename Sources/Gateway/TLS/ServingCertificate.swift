import Access
import DataPlaneAPI
import FoundationEssentials
import HTTPKit
import SwiftASN1
import SystemKit
import X509

#if canImport(Glibc)
import Glibc
#endif

/// What a TLS listener shows, from files or from the gateway's own authority.
struct ServingCertificate: Sendable {
    /// Certificate chain, PEM.
    let chain: String
    /// Private key, PEM.
    let key: String
    /// What clients have to trust, PEM.
    let authority: String

    /// Reads or makes the certificate of a listener.
    ///
    /// - Parameter data: the data folder, for one that is made.
    /// - Throws: `GatewayError` that names the file.
    init(_ tls: ListenerSettings.TLS, host: String, data: String) throws(GatewayError) {
        guard tls.certFile.isEmpty else {
            chain = try FileText.read(tls.certFile)
            key = try FileText.read(tls.keyFile)
            let certificates = try CertificateBundle(chain, path: tls.certFile).certificates
            // A root that stands in the file is what clients trust; else they trust what the file holds.
            let root = certificates.last { $0.issuer == $0.subject && certificates.count > 1 }
            authority = (try? root?.serializeAsPEM().pemString) ?? chain
            return
        }
        let own = try CertificateAuthority(data: data)
        (chain, key) = try own.serving(hosts: Self.hosts(host))
        authority = own.pem
    }

    /// The name that clients must expect to reach the listener by this host; nil when the host itself will do.
    func expectedName(for host: String) -> String? {
        guard let bundle = try? CertificateBundle(chain, path: ""), let leaf = bundle.certificates.first else {
            return nil
        }
        let names = CertificateNames(leaf)
        return names.cover(host) ? nil : names.firstName
    }

    /// The hosts that a made certificate is for.
    private static func hosts(_ bound: String) -> [String] {
        var hosts = ["localhost", "127.0.0.1", "::1"]
        var name = [CChar](repeating: 0, count: 256)
        if gethostname(&name, name.count - 1) == 0 {
            let own = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let isName =
                !own.isEmpty
                && own.utf8.allSatisfy {
                    ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
                }
            if isName { hosts.append(own) }
        }
        if bound != "0.0.0.0", bound != "::", !hosts.contains(bound) { hosts.append(bound) }
        return hosts
    }
}

extension ServingCertificate {
    /// What is wrong with the certificates that the settings name.
    static func faults(_ settings: Settings) -> [GatewayError] {
        settings.effectiveListeners.compactMap { listener in
            guard let tls = listener.tls, !tls.certFile.isEmpty, !tls.keyFile.isEmpty else { return nil }
            do throws(GatewayError) {
                let read = try ServingCertificate(tls, host: listener.address.host, data: "")
                let material = TLSServerMaterial(
                    certificateChain: Array(read.chain.utf8), privateKey: Array(read.key.utf8))
                _ = try TLSServerContext(material, verifier: nil)
                // What ends soon is no fault yet.
                if let end = read.end, end < Date() {
                    return GatewayError(
                        .badRequest,
                        "\(settings.place(ofCertificateOf: listener)): \(tls.certFile): the certificate has expired; replace it"
                    )
                }
                return nil
            } catch {
                return GatewayError(error.code, "\(settings.place(ofCertificateOf: listener)): \(error.message)")
            }
        }
    }

    /// What the dates of certificates say that are no fault yet.
    static func warnings(_ settings: Settings) -> [String] {
        settings.effectiveListeners.flatMap { listener -> [String] in
            guard let tls = listener.tls, !tls.certFile.isEmpty,
                let read = try? ServingCertificate(tls, host: listener.address.host, data: ""), let end = read.end,
                end > Date()
            else { return [] }
            return CertificateDates.warnings(
                read.chain, place: "\(settings.place(ofCertificateOf: listener)): \(tls.certFile)")
        }
    }

    /// When the certificate ends.
    var end: Date? { (try? CertificateBundle(chain, path: ""))?.certificates.first?.notValidAfter }
}
