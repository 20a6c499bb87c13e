/// The parts of `[scheme://]authority[/path][?query][#fragment]` (RFC 3986), told apart and no more: what a part may be is
/// the rule of whoever reads the URL.
package struct URLText: Sendable {
    /// What stands before `://`, as written; nil without it.
    package let scheme: Substring?
    /// Host and port.
    package let authority: URLAuthority
    /// The path as written; empty without one, else with its slash.
    package let path: Substring
    /// The query as written, without its question mark; nil without one.
    package let query: Substring?
    /// What follows `#`; nil without it.
    package let fragment: Substring?

    /// Takes a URL apart; never fails.
    package init(_ text: String) {
        var rest = text[...]
        let colon = text.utf8.firstRange(of: "://".utf8)
        scheme = colon.map { text[..<$0.lowerBound] }
        if let colon { rest = text[colon.upperBound...] }
        fragment = Self.cut(&rest, at: UInt8(ascii: "#"))
        query = Self.cut(&rest, at: UInt8(ascii: "?"))
        let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        authority = URLAuthority(rest[..<slash])
        path = rest[slash...]
    }

    /// Takes off what follows the first such byte.
    private static func cut(_ text: inout Substring, at byte: UInt8) -> Substring? {
        guard let place = text.utf8.firstIndex(of: byte) else { return nil }
        defer { text = text[..<place] }
        return text[text.utf8.index(after: place)...]
    }
}

/// `host[:port]` of a URL or a `Host` field.
package struct URLAuthority: Sendable {
    /// What is wrong with the host.
    package enum Fault: Sendable, Hashable {
        /// There is none.
        case noHost
        /// It has other characters than letters, digits, dots, hyphens and underscores.
        case badName
        /// Its bracket isn't closed.
        case openBracket
        /// Something else than a port follows its bracket.
        case textAfterBracket
        /// What stands in its brackets is no IPv6 address.
        case noAddress
    }

    /// What is said about the port.
    package enum Port: Sendable, Hashable {
        /// Nothing.
        case none
        /// A colon without a number.
        case empty
        /// A number from 1 to 65535.
        case number(Int)
        /// Anything else.
        case bad
    }

    /// As written.
    package let text: Substring
    /// The host as written, without brackets.
    package let host: Substring
    /// What is wrong with the host; nil for nothing.
    package let fault: Fault?
    /// The port.
    package let port: Port

    /// Whether something stands before an `@`: a user, perhaps with a password.
    package var hasUser: Bool { text.utf8.contains(UInt8(ascii: "@")) }

    /// Takes an authority apart; never fails.
    package init(_ text: Substring) {
        self.text = text
        let bytes = text.utf8
        let end: Substring.Index
        if bytes.first == UInt8(ascii: "[") {
            let close = bytes.firstIndex(of: UInt8(ascii: "]"))
            let inner = bytes.dropFirst().prefix { $0 != UInt8(ascii: "]") }
            host = Substring(inner)
            end = close.map { bytes.index(after: $0) } ?? bytes.endIndex
            if close == nil {
                fault = .openBracket
            } else if end < bytes.endIndex, bytes[end] != UInt8(ascii: ":") {
                fault = .textAfterBracket
            } else if inner.isEmpty {
                fault = .noHost
            } else {
                fault = inner.contains(UInt8(ascii: ":")) && inner.allSatisfy(Self.isAddressByte) ? nil : .noAddress
            }
        } else {
            end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            let name = bytes[..<end]
            host = text[..<end]
            fault = name.isEmpty ? .noHost : name.allSatisfy(Self.isNameByte) ? nil : .badName
        }
        port = Self.port(bytes[end...])
    }

    /// The port, or the given one where nothing is said; nil where what is said is no port.
    package func port(or fallback: Int) -> Int? {
        switch port {
        case .none: fallback
        case .number(let number): number
        case .empty, .bad: nil
        }
    }

    private static func port(_ tail: Substring.UTF8View) -> Port {
        guard tail.first == UInt8(ascii: ":") else { return tail.isEmpty ? .none : .bad }
        let digits = tail.dropFirst()
        if digits.isEmpty { return .empty }
        guard digits.allSatisfy({ $0 &- 0x30 < 10 }), let number = Int(Substring(digits)), (1...65_535).contains(number)
        else { return .bad }
        return .number(number)
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        hexDigitValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
}
