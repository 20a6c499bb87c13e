/// The path of a value inside a JSON document (RFC 6901).
package struct JSONPointer: Sendable, Hashable {
    /// Keys and indexes from the root on, escapes resolved; empty for the whole document.
    package var tokens: [String]

    /// Creates a pointer from its parts.
    package init(_ tokens: [String]) { self.tokens = tokens }

    /// Reads a pointer such as `/spec/a~1b`.
    ///
    /// Nil for a text that doesn't begin with a slash. A `~` that begins no escape stands for itself.
    package init?(_ text: String) {
        if text.isEmpty {
            tokens = []
            return
        }
        guard text.utf8.first == 0x2F else { return nil }
        tokens = text.utf8.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false).map(Self.unescaped)
    }

    /// The index that a token is in an array: no sign, no leading zero, below `count`.
    package static func index(_ token: String, below count: Int) -> Int? {
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 &- 0x30 < 10 }), token == "0" || token.utf8.first != 0x30,
            let index = Int(token), index < count
        else { return nil }
        return index
    }

    /// Appends a token with `~` and `/` escaped.
    package static func appendEscaped(_ token: String, to out: inout [UInt8]) {
        for byte in token.utf8 {
            switch byte {
            case 0x7E: out += [0x7E, 0x30]
            case 0x2F: out += [0x7E, 0x31]
            default: out.append(byte)
            }
        }
    }

    private static func unescaped(_ token: Substring.UTF8View) -> String {
        guard token.contains(0x7E) else { return String(Substring(token)) }
        var bytes: [UInt8] = []
        var rest = token
        while let byte = rest.popFirst() {
            switch (byte, rest.first) {
            case (0x7E, 0x30): bytes.append(0x7E)
            case (0x7E, 0x31): bytes.append(0x2F)
            default:
                bytes.append(byte)
                continue
            }
            rest.removeFirst()
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSONPointer: CustomStringConvertible {
    /// The pointer's text.
    package var description: String {
        var bytes: [UInt8] = []
        for token in tokens {
            bytes.append(0x2F)
            Self.appendEscaped(token, to: &bytes)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
