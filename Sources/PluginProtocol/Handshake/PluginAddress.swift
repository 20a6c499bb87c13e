/// Where a plugin listens.
package enum PluginAddress: Sendable, Hashable, CustomStringConvertible {
    /// A unix socket.
    case unix(path: String)
    /// A literal IP address and a port.
    case tcp(host: String, port: UInt16)

    /// The longest path a unix socket can have on Linux, in bytes.
    package static let longestSocketPath = 107

    /// Whether nothing but this machine hears what is sent there.
    var isOnThisMachine: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _): host == "::1" || host.hasPrefix("127.")
        }
    }

    /// The address as the gRPC core names it.
    var target: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "ipv6:[\(host)]:\(port)" : "ipv4:\(host):\(port)"
        }
    }

    /// The address for logs.
    package var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// Reads `host:port`.
    ///
    /// An empty host and `localhost` mean 127.0.0.1; other names are refused.
    package init?(tcp text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard Self.isIPv6(host) else { return nil }
        } else if host.isEmpty || host == "localhost" {
            host = "127.0.0.1"
        } else if !Self.isIPv4(host) {
            return nil
        }
        self = .tcp(host: host, port: port)
    }

    private static func port(_ text: some StringProtocol) -> UInt16? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard let port = UInt16(text), port > 0 else { return nil }
        return port
    }

    private static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    && UInt8(part) != nil
            }
    }

    /// Only a check of the characters: the core reads the rest, and a bad one fails to connect.
    private static func isIPv6(_ text: String) -> Bool {
        text.contains(":")
            && text.utf8.allSatisfy { byte in
                (0x30...0x3A).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
                    || byte == 0x2E
            }
    }
}
