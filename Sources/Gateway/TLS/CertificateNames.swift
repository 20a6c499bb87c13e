import SwiftASN1
import X509

#if canImport(Glibc)
import Glibc
#endif

/// The hosts that a certificate is for.
struct CertificateNames {
    private var names: [String] = []
    private var addresses: [[UInt8]] = []

    init(_ certificate: Certificate) {
        guard let alternatives = try? certificate.extensions.subjectAlternativeNames else { return }
        for name in alternatives {
            switch name {
            case .dnsName(let text): names.append(text.lowercased())
            case .ipAddress(let bytes): addresses.append(Array(bytes.bytes))
            default: break
            }
        }
    }

    /// The first name without a wildcard, for clients that must be told which to expect.
    var firstName: String? { names.first { !$0.hasPrefix("*") } }

    /// Whether it is for this host, an address or a name.
    func cover(_ host: String) -> Bool {
        if let address = Self.address(host) { return addresses.contains(address) }
        let host = host.lowercased()
        return names.contains { name in
            guard name.hasPrefix("*.") else { return name == host }
            // A wildcard stands for exactly one label (RFC 6125 section 6.4.3).
            guard let dot = host.firstIndex(of: ".") else { return false }
            return host[dot...] == name.dropFirst()
        }
    }

    /// The alternative name of a host.
    static func general(_ host: String) -> GeneralName {
        guard let address = address(host) else { return .dnsName(host) }
        return .ipAddress(ASN1OctetString(contentBytes: address[...]))
    }

    /// The bytes of an IP address; nil for anything else.
    static func address(_ text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var six = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, text, &six) == 1 ? six : nil
    }
}
