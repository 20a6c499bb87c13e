extension JSONValue {
    /// How a value is written.
    package struct Style: Sendable, Hashable {
        /// Two spaces for every level and a space after the colon, as Go indents; else no white space at all.
        package var indented: Bool
        /// Whether `<`, `>`, `&`, U+2028 and U+2029 are escaped, as Go does by default.
        package var escapeHTML: Bool

        /// Creates a style.
        package init(indented: Bool = false, escapeHTML: Bool = false) {
            self.indented = indented
            self.escapeHTML = escapeHTML
        }

        /// No white space.
        package static let compact = Style()
        /// Indented by two spaces.
        package static let indented = Style(indented: true)
    }

    /// The JSON text of this value; no newline at the end.
    package func bytes(_ style: Style = .compact) -> [UInt8] {
        var out: [UInt8] = []
        write(to: &out, style)
        return out
    }

    /// The JSON text of this value as a string.
    package func text(_ style: Style = .compact) -> String {
        String(decoding: bytes(style), as: UTF8.self)
    }

    /// Appends the JSON text of this value.
    package func write(to out: inout [UInt8], _ style: Style = .compact) {
        write(to: &out, style, level: 0)
    }

    // Recursive: a value is as deep as the parser let it become.
    private func write(to out: inout [UInt8], _ style: Style, level: Int) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let number): out += number.text.utf8
        case .string(let text): JSONText.appendQuoted(text, to: &out, escapeHTML: style.escapeHTML)
        case .array(let list):
            if list.isEmpty { return out += "[]".utf8 }
            out.append(0x5B)
            for (index, value) in list.enumerated() {
                separate(index, &out, style, level + 1)
                value.write(to: &out, style, level: level + 1)
            }
            newLine(&out, style, level)
            out.append(0x5D)
        case .object(let object):
            if object.isEmpty { return out += "{}".utf8 }
            out.append(0x7B)
            for (index, member) in object.enumerated() {
                separate(index, &out, style, level + 1)
                JSONText.appendQuoted(member.key, to: &out, escapeHTML: style.escapeHTML)
                out.append(0x3A)
                if style.indented { out.append(0x20) }
                member.value.write(to: &out, style, level: level + 1)
            }
            newLine(&out, style, level)
            out.append(0x7D)
        }
    }

    private func separate(_ index: Int, _ out: inout [UInt8], _ style: Style, _ level: Int) {
        if index > 0 { out.append(0x2C) }
        newLine(&out, style, level)
    }

    private func newLine(_ out: inout [UInt8], _ style: Style, _ level: Int) {
        guard style.indented else { return }
        out.append(0x0A)
        for _ in 0..<level { out += "  ".utf8 }
    }
}
