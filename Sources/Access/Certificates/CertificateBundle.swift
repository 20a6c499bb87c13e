import DataPlaneAPI
import HTTPKit
import SwiftASN1
import X509

/// The certificates of a PEM file.
package struct CertificateBundle: Sendable {
    /// The file's text.
    package let pem: [UInt8]
    /// The certificates.
    package let certificates: [Certificate]
    let store: CertificateStore

    /// Reads the text of a PEM file.
    ///
    /// - Parameter path: the file's name, for errors.
    /// - Throws: `GatewayError` when there is no certificate in it, or one that can't be read.
    package init(_ text: String, path: String) throws(GatewayError) {
        let documents: [PEMDocument]
        do {
            documents = try PEMDocument.parseMultiple(pemString: text)
            certificates = try documents.filter { $0.discriminator == "CERTIFICATE" }.map {
                try Certificate(pemDocument: $0)
            }
        } catch {
            throw GatewayError(.badRequest, "\(path): holds a certificate that can't be read")
        }
        guard !certificates.isEmpty else {
            throw GatewayError(.badRequest, "\(path): holds no certificate; put PEM certificates there")
        }
        // Only the certificates: a key that stands beside them is nobody's business.
        var lines = ""
        for document in documents where document.discriminator == "CERTIFICATE" { lines += document.pemString + "\n" }
        pem = Array(lines.utf8)
        store = CertificateStore(certificates)
    }
}
