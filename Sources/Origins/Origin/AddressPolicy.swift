import DataPlaneAPI
import NIOCore

/// Which addresses the gateway connects to for a client.
///
/// Asked with the address that is dialled, not with a name that may resolve to something else a moment later.
package struct AddressPolicy: Sendable, Hashable {
    /// Whether addresses of private networks and of this machine are allowed.
    package var allowsPrivate: Bool

    /// A policy.
    package init(allowsPrivate: Bool) { self.allowsPrivate = allowsPrivate }

    /// What an address is.
    package enum Kind: Sendable, Hashable {
        /// An address of the Internet.
        case open
        /// An address of this machine or of a network that the Internet doesn't route to.
        case `private`
        /// An address where no service for others is; the text says what it is.
        case forbidden(String)
    }

    /// Why an address is not dialled; nil when it is.
    package func fault(_ address: SocketAddress) -> String? {
        switch Self.kind(Self.bytes(address)) {
        case .open: nil
        case .private:
            allowsPrivate
                ? nil : "an address of a private network or of this machine (setting datasource-proxy-private)"
        case .forbidden(let what): what
        }
    }

    /// The addresses of a host that may be dialled.
    ///
    /// - Parameter subject: what the message calls the kind of server.
    /// - Throws: 403 when there are only others.
    func allowed(_ found: [SocketAddress], of host: String, subject: String) throws(GatewayError) -> [SocketAddress] {
        var why: String?
        let allowed = found.filter { address in
            guard let fault = fault(address) else { return true }
            why = why ?? fault
            return false
        }
        if allowed.isEmpty, let why {
            throw GatewayError(
                .forbidden, "\(subject) may not be reached: its host is \(why)", cause: "refused to dial \(host)")
        }
        return allowed
    }

    /// The kind of an address of 4 or 16 bytes in network order.
    package static func kind(_ bytes: [UInt8]) -> Kind {
        switch bytes.count {
        case 4: version4(bytes)
        case 16: version6(bytes)
        default: .forbidden("not an IP address")
        }
    }

    /// The bytes of an IP address in network order; empty for another kind.
    static func bytes(_ address: SocketAddress) -> [UInt8] {
        switch address {
        // Behind family and port, and in version 6 the flow.
        case .v4(let four): withUnsafeBytes(of: four.address) { Array($0.dropFirst(4).prefix(4)) }
        case .v6(let six): withUnsafeBytes(of: six.address) { Array($0.dropFirst(8).prefix(16)) }
        case .unixDomainSocket: []
        }
    }

    /// RFC 6890, and where clouds keep the credentials of their machines.
    private static func version4(_ bytes: [UInt8]) -> Kind {
        switch (bytes[0], bytes[1]) {
        case (0, _): return .forbidden("an unspecified address")
        case (169, 254): return .forbidden("a link-local address, where clouds keep credentials")
        case (224...239, _): return .forbidden("a multicast address")
        case (240...255, _): return .forbidden("a reserved address")
        default: break
        }
        if metadata4.contains(bytes) { return .forbidden("a metadata service of a cloud") }
        switch (bytes[0], bytes[1]) {
        case (10, _), (127, _), (172, 16...31), (192, 168), (100, 64...127), (198, 18...19): return .private
        default: return .open
        }
    }

    private static func version6(_ bytes: [UInt8]) -> Kind {
        if let inner = embedded(bytes) { return version4(inner) }
        if bytes.allSatisfy({ $0 == 0 }) { return .forbidden("an unspecified address") }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0x80 { return .forbidden("a link-local address") }
        if bytes[0] == 0xFF { return .forbidden("a multicast address") }
        if metadata6.contains(bytes) { return .forbidden("a metadata service of a cloud") }
        let isLoopback = bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
        // Unique local addresses, and the site-local ones of old.
        let isLocal = bytes[0] & 0xFE == 0xFC || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0xC0)
        return isLoopback || isLocal ? .private : .open
    }

    /// The IPv4 address that packets to an IPv6 address go to: mapped, compatible, translated (NAT64) and 6to4.
    private static func embedded(_ bytes: [UInt8]) -> [UInt8]? {
        let last = Array(bytes[12...])
        if bytes.starts(with: [0x20, 0x02]) { return Array(bytes[2..<6]) }
        if bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B]), bytes[4..<12].allSatisfy({ $0 == 0 }) { return last }
        guard bytes[0..<8].allSatisfy({ $0 == 0 }) else { return nil }
        let middle = Array(bytes[8..<12])
        if middle == [0, 0, 0xFF, 0xFF] || middle == [0xFF, 0xFF, 0, 0] { return last }
        // `::` and `::1` are addresses of their own.
        return middle == [0, 0, 0, 0] && (last[0] != 0 || last[1] != 0) ? last : nil
    }

    /// Alibaba Cloud, Oracle Cloud and Azure's wire server; the others are link-local.
    private static let metadata4: Set<[UInt8]> = [[100, 100, 100, 200], [192, 0, 0, 192], [168, 63, 129, 16]]
    /// `fd00:ec2::254` (AWS) and `fd20:ce::254` (Google Cloud).
    private static let metadata6: Set<[UInt8]> = [
        [0xFD, 0x00, 0x0E, 0xC2] + [UInt8](repeating: 0, count: 10) + [0x02, 0x54],
        [0xFD, 0x20, 0x00, 0xCE] + [UInt8](repeating: 0, count: 10) + [0x02, 0x54],
    ]
}
