/// Writes JSON strings.
package enum JSONText {
    private static let hex = Array("0123456789abcdef".utf8)

    /// Appends a string in quotes.
    ///
    /// With `escapeHTML` also `<`, `>`, `&`, U+2028 and U+2029 are escaped, as Go's encoder does.
    /// Control characters without a short form, also backspace and form feed, become `\u00xx`.
    package static func appendQuoted(_ text: String, to out: inout [UInt8], escapeHTML: Bool) {
        out.append(0x22)
        var text = text
        text.withUTF8 { appendEscaped($0, to: &out, escapeHTML: escapeHTML) }
        out.append(0x22)
    }

    /// Appends the inside of a JSON string; `utf8` must be valid UTF-8.
    package static func appendEscaped(
        _ utf8: UnsafeBufferPointer<UInt8>, to out: inout [UInt8], escapeHTML: Bool
    ) {
        var runStart = 0
        var index = 0
        while index < utf8.count {
            let byte = utf8[index]
            guard let escape = escape(byte, at: index, in: utf8, html: escapeHTML) else {
                index += 1
                continue
            }
            out.append(contentsOf: utf8[runStart..<index])
            append(escape, of: byte, to: &out)
            index += escape == .lineSeparator || escape == .paragraphSeparator ? 3 : 1
            runStart = index
        }
        out.append(contentsOf: utf8[runStart..<utf8.count])
    }

    private enum Escape {
        case short(UInt8), unicode, lineSeparator, paragraphSeparator

        static func == (left: Escape, right: Escape) -> Bool {
            switch (left, right) {
            case (.lineSeparator, .lineSeparator), (.paragraphSeparator, .paragraphSeparator): true
            default: false
            }
        }
    }

    @inline(__always)
    private static func escape(
        _ byte: UInt8, at index: Int, in utf8: UnsafeBufferPointer<UInt8>, html: Bool
    ) -> Escape? {
        if byte >= 0x80 {
            // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
            guard html, byte == 0xE2, index + 2 < utf8.count, utf8[index + 1] == 0x80 else { return nil }
            switch utf8[index + 2] {
            case 0xA8: return .lineSeparator
            case 0xA9: return .paragraphSeparator
            default: return nil
            }
        }
        switch byte {
        case 0x22, 0x5C: return .short(byte)
        case 0x0A: return .short(0x6E)
        case 0x0D: return .short(0x72)
        case 0x09: return .short(0x74)
        case 0x00..<0x20: return .unicode
        case 0x3C, 0x3E, 0x26: return html ? .unicode : nil
        default: return nil
        }
    }

    private static func append(_ escape: Escape, of byte: UInt8, to out: inout [UInt8]) {
        switch escape {
        case .short(let letter): out += [0x5C, letter]
        case .unicode: out += [0x5C, 0x75, 0x30, 0x30, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
        case .lineSeparator: out += Array("\\u2028".utf8)
        case .paragraphSeparator: out += Array("\\u2029".utf8)
        }
    }
}
