/// The `baseURL` of an http backend, taken apart.
package struct BackendURL: Sendable, Hashable {
    /// Why a text isn't one.
    package struct Fault: Error, Sendable, Hashable {
        /// What is wrong and what would be right.
        package var message: String
    }

    /// Whether it is https.
    package let isSecure: Bool
    /// The host: a name, an IPv4 address, or an IPv6 address without its brackets.
    package let host: String
    /// The port; 80 or 443 where none is written.
    package let port: Int
    /// Host and port as they are written, for the `Host` header.
    package let authority: String
    /// What request paths are put behind; without a slash at its end, empty for none.
    package let basePath: String

    /// Reads `http://` or `https://` with host, optional port and optional path, and nothing else.
    package init(_ text: String) throws(Fault) {
        guard text.utf8.count <= 2_048 else { throw Fault(message: "may not be longer than 2048 bytes") }
        let schemes = ["http://", "https://"]
        guard let scheme = schemes.first(where: { text.utf8.starts(with: $0.utf8) }) else {
            throw Fault(message: "must begin with http:// or https://")
        }
        isSecure = scheme == "https://"
        let rest = text.utf8.dropFirst(scheme.utf8.count)
        for byte in rest {
            switch byte {
            case 0x3F, 0x23: throw Fault(message: "may not have a query or a fragment")
            case 0x40: throw Fault(message: "may not have a user or password")
            case 0x5C, 0x00...0x20, 0x7F...0xFF:
                throw Fault(message: "may not hold backslashes, spaces, control characters or letters beyond ASCII")
            default: continue
            }
        }
        let authority = rest.prefix { $0 != 0x2F }
        (host, port) = try Self.hostAndPort(authority, fallback: isSecure ? 443 : 80)
        self.authority = String(Substring(authority))
        var path = rest.dropFirst(authority.count)
        if path.last == 0x2F { path = path.dropLast() }
        let segments = path.split(separator: 0x2F, omittingEmptySubsequences: false).dropFirst()
        for segment in segments where segment.isEmpty || Self.isDotted(segment) {
            throw Fault(message: "may not have empty or dot segments in its path")
        }
        basePath = String(Substring(path))
    }

    /// Whether a segment is `.` or `..`, also with escaped dots.
    private static func isDotted(_ segment: Substring.UTF8View) -> Bool {
        [".", ".."].contains(Substring(segment).lowercased().replacing("%2e", with: "."))
    }

    private static func hostAndPort(
        _ authority: Substring.UTF8View, fallback: Int
    ) throws(Fault) -> (host: String, port: Int) {
        var host = authority
        var port: Substring.UTF8View?
        if authority.first == 0x5B {
            guard let end = authority.firstIndex(of: 0x5D) else { throw Fault(message: "has a [ without a ]") }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.first == 0x3A else { throw Fault(message: "has text after the host's ]") }
            if !rest.isEmpty { port = rest.dropFirst() }
            guard host.contains(0x3A), host.allSatisfy({ isHexDigit($0) || $0 == 0x3A || $0 == 0x2E }) else {
                throw Fault(message: "has brackets around what is no IPv6 address")
            }
        } else if let colon = authority.firstIndex(of: 0x3A) {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw Fault(message: "has no host") }
        guard authority.first == 0x5B || host.allSatisfy(isNameByte) else {
            throw Fault(message: "has a host with other characters than letters, digits, dots, - and _")
        }
        guard let port else { return (String(Substring(host)), fallback) }
        guard port.allSatisfy({ $0 &- 0x30 < 10 }), let number = Int(Substring(port)), (1...65_535).contains(number)
        else { throw Fault(message: "must have a port between 1 and 65535") }
        return (String(Substring(host)), number)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool { hexDigitValue(byte) != nil }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
}
