import NIOCore
import NIOSSL

/// Whether a server's certificate is for the name that was asked for.
///
/// The TLS library also takes a certificate for the address that happens to be connected to, although a name was asked
/// for. Whoever can forge an answer of the name server would get by with a certificate for an address of their own.
enum CertificateNames {
    /// Whether a certificate has a name.
    ///
    /// - Parameter name: a DNS name, or an IP address as text.
    static func has(_ certificate: NIOSSLCertificate, _ name: String) -> Bool {
        let address = (try? SocketAddress(ipAddress: name, port: 0)).map(AddressPolicy.bytes)
        return certificate._subjectAlternativeNames().contains { entry in
            entry.contents.withUnsafeBufferPointer { bytes in
                if let address { return entry.nameType == .ipAddress && bytes.elementsEqual(address) }
                return entry.nameType == .dnsName && matches(Array(bytes), Array(name.utf8))
            }
        }
    }

    /// Whether a name of a certificate is for a host; `*` stands for one whole label at the start (RFC 9525).
    static func matches(_ pattern: [UInt8], _ host: [UInt8]) -> Bool {
        let dot = UInt8(ascii: ".")
        let host = (host.last == dot ? host.dropLast() : host[...]).map(lower)
        let pattern = pattern.map(lower)
        guard pattern.starts(with: "*.".utf8) else { return !host.isEmpty && pattern == host }
        guard let end = host.firstIndex(of: dot), end > 0 else { return false }
        let rest = pattern.dropFirst()
        // `*.com` would be for everybody below.
        return rest.dropFirst().contains(dot) && host[end...].elementsEqual(rest)
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
