import Bytes

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
        let url = URLText(text)
        guard let scheme = url.scheme, scheme == "http" || scheme == "https" else {
            throw Fault(message: "must begin with http:// or https://")
        }
        guard url.query == nil, url.fragment == nil else { throw Fault(message: "may not have a query or a fragment") }
        guard !url.authority.hasUser, !url.path.utf8.contains(UInt8(ascii: "@")) else {
            throw Fault(message: "may not have a user or password")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw Fault(message: "may not hold backslashes, spaces, control characters or letters beyond ASCII")
        }
        isSecure = scheme == "https"
        if let fault = url.authority.fault { throw Fault(message: Self.message(fault)) }
        guard let port = url.authority.port(or: isSecure ? 443 : 80) else {
            throw Fault(message: "must have a port between 1 and 65535")
        }
        host = String(url.authority.host)
        self.port = port
        authority = String(url.authority.text)
        let path = url.path.hasSuffix("/") ? url.path.dropLast() : url.path
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for segment in segments where segment.isEmpty || Self.isDotted(segment) {
            throw Fault(message: "may not have empty or dot segments in its path")
        }
        basePath = String(path)
    }

    /// Whether a segment is `.` or `..`, also with escaped dots.
    private static func isDotted(_ segment: Substring) -> Bool {
        [".", ".."].contains(segment.lowercased().replacing("%2e", with: "."))
    }

    private static func message(_ fault: URLAuthority.Fault) -> String {
        switch fault {
        case .noHost: "has no host"
        case .badName: "has a host with other characters than letters, digits, dots, - and _"
        case .openBracket: "has a [ without a ]"
        case .textAfterBracket: "has text after the host's ]"
        case .noAddress: "has brackets around what is no IPv6 address"
        }
    }
}
