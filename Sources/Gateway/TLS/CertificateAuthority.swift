import Crypto
import DataPlaneAPI
import Foundation
import SwiftASN1
import SystemKit
import X509

/// The authority in the data folder that signs the gateway's own certificate where none is configured.
///
/// It is made once and kept, so that a kubeconfig which names it stays valid; the certificate it signs is renewed.
struct CertificateAuthority {
    /// The authority's certificate, PEM.
    let pem: String

    private let folder: String
    private let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    private static let years: TimeInterval = 10 * 365 * 86_400
    private static let leafDays: TimeInterval = 365 * 86_400
    /// A certificate with less time than this is renewed.
    private static let renewal: TimeInterval = 60 * 86_400

    /// Reads the authority, or makes it.
    ///
    /// - Parameter data: the data folder.
    init(data: String) throws(GatewayError) {
        folder = "\(data)/pki"
        try Folder.create(folder, mode: 0o700)
        let (certificatePath, keyPath) = ("\(folder)/ca.crt", "\(folder)/ca.key")
        if FileFacts(certificatePath) == nil, FileFacts(keyPath) == nil {
            let made = try Self.make()
            try FileWriter.replace(keyPath, made.key.pemRepresentation + "\n", mode: 0o600)
            try FileWriter.replace(certificatePath, made.pem + "\n", mode: 0o644)
        }
        pem = try FileText.read(certificatePath)
        let keyText = try FileText.read(keyPath)
        do {
            certificate = try Certificate(pemEncoded: pem)
            key = try P256.Signing.PrivateKey(pemRepresentation: keyText)
        } catch {
            throw GatewayError(
                .internalError,
                "\(folder): the gateway's own authority can't be read; remove the folder to have another made, "
                    + "and take the new kubeconfig")
        }
    }

    /// A certificate for these hosts: the one in the folder, or a new one when it ends soon or lacks a host.
    func serving(hosts: [String]) throws(GatewayError) -> (certificate: String, key: String) {
        let (certificatePath, keyPath) = ("\(folder)/server.crt", "\(folder)/server.key")
        if let text = try? FileText.read(certificatePath), let keyText = try? FileText.read(keyPath),
            isFit(text, hosts)
        {
            return (text + pem, keyText)
        }
        do {
            let key = P256.Signing.PrivateKey()
            let text = try sign(key, hosts)
            try FileWriter.replace(keyPath, key.pemRepresentation + "\n", mode: 0o600)
            try FileWriter.replace(certificatePath, text + "\n", mode: 0o644)
            return (text + "\n" + pem, key.pemRepresentation)
        } catch let error as GatewayError {
            throw error
        } catch {
            throw GatewayError(
                .internalError, "a certificate for HTTPS can't be made; see that \(folder) is the gateway's own")
        }
    }

    private func isFit(_ text: String, _ hosts: [String]) -> Bool {
        guard let leaf = try? Certificate(pemEncoded: text), leaf.issuer == certificate.subject,
            leaf.notValidAfter.timeIntervalSinceNow > Self.renewal, certificate.publicKey.isValidSignature(leaf)
        else { return false }
        let names = CertificateNames(leaf)
        return hosts.allSatisfy(names.cover)
    }

    private func sign(_ key: P256.Signing.PrivateKey, _ hosts: [String]) throws -> String {
        let now = Date()
        let leaf = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now - 300, notValidAfter: min(now + Self.leafDays, certificate.notValidAfter),
            issuer: certificate.subject, subject: DistinguishedName { CommonName("dataplane-gateway") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(hosts.map(CertificateNames.general))
                AuthorityKeyIdentifier(keyIdentifier: try certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
            }, issuerPrivateKey: Certificate.PrivateKey(self.key))
        return try leaf.serializeAsPEM().pemString
    }

    private static func make() throws(GatewayError) -> (pem: String, key: P256.Signing.PrivateKey) {
        do {
            let key = P256.Signing.PrivateKey()
            let publicKey = Certificate.PublicKey(key.publicKey)
            let name = try DistinguishedName { CommonName("dataplane-gateway-ca@\(Int(Date().timeIntervalSince1970))") }
            let now = Date()
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: now - 300, notValidAfter: now + years, issuer: name, subject: name,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: publicKey)
                }, issuerPrivateKey: Certificate.PrivateKey(key))
            return (try certificate.serializeAsPEM().pemString, key)
        } catch {
            throw GatewayError(.internalError, "an authority for HTTPS can't be made")
        }
    }
}

extension Certificate.PublicKey {
    fileprivate func isValidSignature(_ leaf: Certificate) -> Bool { isValidSignature(leaf.signature, for: leaf) }
}
