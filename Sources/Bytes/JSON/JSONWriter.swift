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
    fileprivate func write(to out: inout [UInt8], _ style: Style, level: Int) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .number(let number): out += number.text.utf8
        case .string(let text): JSONText.appendQuoted(text, to: &out, escapeHTML: style.escapeHTML)
        case .array(let list):
            if list.isEmpty { return out += "[]".utf8 }
            out.append(0x5B)
            for (index, value) in list.enumerated() {
                Self.separate(index, &out, style, level + 1)
                value.write(to: &out, style, level: level + 1)
            }
            Self.newLine(&out, style, level)
            out.append(0x5D)
        case .object(let object):
            if object.isEmpty { return out += "{}".utf8 }
            out.append(0x7B)
            for (index, member) in object.enumerated() {
                Self.separate(index, &out, style, level + 1)
                JSONText.appendQuoted(member.key, to: &out, escapeHTML: style.escapeHTML)
                out.append(0x3A)
                if style.indented { out.append(0x20) }
                member.value.write(to: &out, style, level: level + 1)
            }
            Self.newLine(&out, style, level)
            out.append(0x7D)
        }
    }

    fileprivate static func separate(_ index: Int, _ out: inout [UInt8], _ style: Style, _ level: Int) {
        if index > 0 { out.append(0x2C) }
        newLine(&out, style, level)
    }

    fileprivate static func newLine(_ out: inout [UInt8], _ style: Style, _ level: Int) {
        guard style.indented else { return }
        out.append(0x0A)
        for _ in 0..<level { out += "  ".utf8 }
    }
}

/// Writes an object of which one member is a long list, entry by entry: whoever writes may stop in between, and the whole
/// list never exists as a value.
package struct JSONListWriter: Sendable {
    private let style: JSONValue.Style
    private var out: [UInt8] = []
    private var rest: [UInt8] = []
    private var count = 0

    /// Begins the object.
    ///
    /// - Parameters:
    ///   - envelope: the object; the member that takes the entries is an empty list in it.
    ///   - member: that member's name.
    package init(_ envelope: JSONValue, member: String, style: JSONValue.Style = .compact) {
        self.style = style
        var head = JSONObject()
        var tail = JSONObject()
        var isBehind = false
        for field in envelope.asObject ?? [:] {
            if field.key == member {
                isBehind = true
            } else if isBehind {
                tail[field.key] = field.value
            } else {
                head[field.key] = field.value
            }
        }
        out.append(0x7B)
        Self.write(head, to: &out, style, isFirst: true)
        JSONValue.separate(head.isEmpty ? 0 : 1, &out, style, 1)
        JSONText.appendQuoted(member, to: &out, escapeHTML: style.escapeHTML)
        out += (style.indented ? ": [" : ":[").utf8
        Self.write(tail, to: &rest, style, isFirst: false)
        JSONValue.newLine(&rest, style, 0)
        rest.append(0x7D)
    }

    private static func write(_ members: JSONObject, to out: inout [UInt8], _ style: JSONValue.Style, isFirst: Bool) {
        for (index, member) in members.enumerated() {
            JSONValue.separate(isFirst ? index : 1, &out, style, 1)
            JSONText.appendQuoted(member.key, to: &out, escapeHTML: style.escapeHTML)
            out += (style.indented ? ": " : ":").utf8
            member.value.write(to: &out, style, level: 1)
        }
    }

    /// Adds an entry.
    package mutating func append(_ entry: JSONValue) {
        JSONValue.separate(count, &out, style, 2)
        entry.write(to: &out, style, level: 2)
        count += 1
    }

    /// Adds an entry whose compact text exists already.
    package mutating func appendText(_ write: (inout [UInt8]) -> Void) {
        JSONValue.separate(count, &out, style, 2)
        write(&out)
        count += 1
    }

    /// How many bytes wait to be taken.
    package var waiting: Int { out.count }

    /// What was written since the last call.
    package mutating func take() -> [UInt8] {
        defer { out = [] }
        return out
    }

    /// Ends the object.
    ///
    /// - Returns: its JSON text, or what wasn't taken of it, without a newline at the end.
    package mutating func finish() -> [UInt8] {
        if count > 0 { JSONValue.newLine(&out, style, 1) }
        out.append(0x5D)
        out += rest
        return take()
    }
}
