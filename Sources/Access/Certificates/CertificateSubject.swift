import Crypto
import SwiftASN1
import X509

/// Who a certificate is for, in Kubernetes' reading.
enum CertificateSubject {
    /// Where Kubernetes 1.33 and later look for a uid.
    private static let uid: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 57683, 2]

    /// The common name is the user and every organisation a group; the digest tells logs which certificate it was.
    static func user(_ certificate: Certificate, der: [UInt8]) -> User {
        var user = User(name: "")
        for part in certificate.subject {
            for attribute in part {
                guard let value = String(attribute.value) else { continue }
                switch attribute.type {
                case .RDNAttributeType.commonName: user.name = value
                case .RDNAttributeType.organizationName: user.groups.append(value)
                case uid: user.uid = value
                default: break
                }
            }
        }
        let digest = SHA256.hash(data: der).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0\(text)" : text
        }
        user.extra["authentication.kubernetes.io/credential-id"] = ["X509SHA256=\(digest.joined())"]
        return user.asAuthenticated
    }
}
