import HTTPKit
import NIOCore

extension ListenAddress {
    /// What is wrong with the host; nil for an IP address and for what may be a host name.
    var fault: String? {
        guard (try? SocketAddress(ipAddress: host, port: 0)) == nil else { return nil }
        let bytes = host.utf8
        let isNumeric = bytes.contains(UInt8(ascii: ":")) || bytes.allSatisfy { $0 &- 0x30 < 10 || $0 == 0x2E }
        let isName =
            !isNumeric
            && bytes.allSatisfy {
                ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
            }
        return isName ? nil : "\"\(host)\" is neither an IP address nor a host name"
    }

    /// Whether both can't be listened on at once.
    func overlaps(_ other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        let everywhere: Set<String> = ["0.0.0.0", "::"]
        let (one, two) = (Self.plain(host), Self.plain(other.host))
        return one == two || everywhere.contains(one) || everywhere.contains(two)
    }

    private static func plain(_ host: String) -> String {
        host.lowercased() == "localhost" ? "127.0.0.1" : host.lowercased()
    }
}

extension ListenerSettings {
    /// Whether both can't be listened on at once.
    func overlaps(_ other: ListenerSettings) -> Bool { address.overlaps(other.address) }
}
