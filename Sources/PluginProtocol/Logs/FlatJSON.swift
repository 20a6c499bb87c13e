/// Takes a JSON object apart into its members without building a tree: values stay raw text.
enum FlatJSON {
    /// The members in order with the values as written, nil when the text is no JSON object.
    static func members(of text: [UInt8]) -> [(key: String, value: ArraySlice<UInt8>)]? {
        var scanner = Scanner(text: text)
        guard scanner.take(UInt8(ascii: "{")) else { return nil }
        var found: [(key: String, value: ArraySlice<UInt8>)] = []
        if !scanner.take(UInt8(ascii: "}")) {
            repeat {
                scanner.skipSpace()
                guard let key = scanner.string(), let name = string(key), scanner.take(UInt8(ascii: ":")),
                    let value = scanner.value(depth: 0)
                else { return nil }
                found.append((name, value))
            } while scanner.take(UInt8(ascii: ","))
            guard scanner.take(UInt8(ascii: "}")) else { return nil }
        }
        scanner.skipSpace()
        return scanner.isAtEnd ? found : nil
    }

    /// The text of a JSON string with its quotes, nil for other values.
    static func string(_ json: ArraySlice<UInt8>) -> String? {
        guard json.count >= 2, json.first == UInt8(ascii: "\""), json.last == UInt8(ascii: "\"") else { return nil }
        let inner = json.dropFirst().dropLast()
        guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
        var result = String.UnicodeScalarView()
        var plain: [UInt8] = []
        var rest = inner
        func flush() {
            result.append(contentsOf: String(decoding: plain, as: UTF8.self).unicodeScalars)
            plain.removeAll(keepingCapacity: true)
        }
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                plain.append(byte)
                continue
            }
            guard let kind = rest.popFirst() else { return nil }
            if kind == UInt8(ascii: "u") {
                flush()
                guard let scalar = unicode(&rest) else { return nil }
                result.append(scalar)
            } else if let index = escapes.firstIndex(of: kind) {
                plain.append(replacements[index])
            } else {
                return nil
            }
        }
        flush()
        return String(result)
    }

    private static let escapes = Array("\"\\/bfnrt".utf8)
    private static let replacements: [UInt8] = Array("\"\\/".utf8) + [0x08, 0x0C, 0x0A, 0x0D, 0x09]

    /// The scalar after `\u`; a lone surrogate becomes the replacement character.
    private static func unicode(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let high = hex(&rest) else { return nil }
        guard (0xD800..<0xDC00).contains(high), rest.starts(with: Array("\\u".utf8)) else {
            return Unicode.Scalar(high) ?? "\u{FFFD}"
        }
        var after = rest.dropFirst(2)
        guard let low = hex(&after) else { return nil }
        guard (0xDC00..<0xE000).contains(low) else { return "\u{FFFD}" }
        rest = after
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private static func hex(_ rest: inout ArraySlice<UInt8>) -> UInt32? {
        let digits = rest.prefix(4)
        guard digits.count == 4 else { return nil }
        rest = rest.dropFirst(4)
        var value: UInt32 = 0
        for digit in digits {
            guard let number = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(number)
        }
        return value
    }

    /// Walks over JSON text; values are only delimited, their inside is checked as far as that needs.
    private struct Scanner {
        let text: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == text.count }
        private var current: UInt8? { position < text.count ? text[position] : nil }

        mutating func skipSpace() {
            while let byte = current, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipSpace()
            guard current == byte else { return false }
            position += 1
            return true
        }

        mutating func string() -> ArraySlice<UInt8>? {
            let start = position
            guard current == UInt8(ascii: "\"") else { return nil }
            position += 1
            while let byte = current {
                position += 1
                if byte == UInt8(ascii: "\"") { return text[start..<position] }
                if byte == UInt8(ascii: "\\") {
                    guard current != nil else { return nil }
                    position += 1
                }
            }
            return nil
        }

        mutating func value(depth: Int) -> ArraySlice<UInt8>? {
            skipSpace()
            let start = position
            switch current {
            case UInt8(ascii: "\""): return string()
            case UInt8(ascii: "{"):
                return nested(UInt8(ascii: "}"), keyed: true, depth: depth) ? text[start..<position] : nil
            case UInt8(ascii: "["):
                return nested(UInt8(ascii: "]"), keyed: false, depth: depth) ? text[start..<position] : nil
            default:
                while let byte = current, isScalar(byte) { position += 1 }
                return start < position ? text[start..<position] : nil
            }
        }

        private func isScalar(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x45 || byte == 0x2B
                || byte == 0x2D || byte == 0x2E
        }

        private mutating func nested(_ end: UInt8, keyed: Bool, depth: Int) -> Bool {
            // A log line that nests deeper is no log line; the limit keeps the stack small.
            guard depth < 64 else { return false }
            position += 1
            if take(end) { return true }
            repeat {
                if keyed {
                    skipSpace()
                    guard string() != nil, take(UInt8(ascii: ":")) else { return false }
                }
                guard value(depth: depth + 1) != nil else { return false }
            } while take(UInt8(ascii: ","))
            return take(end)
        }
    }
}
