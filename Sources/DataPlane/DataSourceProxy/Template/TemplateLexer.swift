import Bytes
import DataPlaneAPI

/// Takes a template apart into text and the words of its actions.
struct TemplateLexer {
    private let bytes: [UInt8]
    private var position = 0

    init(_ template: String) { bytes = Array(template.utf8) }

    /// The pieces, in order; comments are left out, and blanks that an action takes away.
    mutating func pieces() throws(GatewayError) -> [TemplatePiece] {
        var pieces: [TemplatePiece] = []
        while let open = find("{{") {
            var text = bytes[position..<open]
            position = open + 2
            if at(0) == UInt8(ascii: "-"), Self.isBlank(at(1)) {
                while Self.isBlank(text.last) { text.removeLast() }
                position += 1
            }
            if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
            if isNext("/*") || (Self.isBlank(at(0)) && isNext("/*", after: 1)) {
                try comment()
            } else {
                pieces.append(.action(try tokens()))
            }
        }
        if position < bytes.count { pieces.append(.text(String(decoding: bytes[position...], as: UTF8.self))) }
        return pieces
    }

    /// Skips a comment; nothing else may stand between its brackets.
    private mutating func comment() throws(GatewayError) {
        guard let end = find("*/") else { throw TemplateFault.unknown("a comment is not closed") }
        position = end + 2
        guard isAtEnd() else { throw TemplateFault.unknown("a comment shares its {{ }} with something else") }
    }

    /// The words up to `}}`.
    private mutating func tokens() throws(GatewayError) -> [TemplateToken] {
        var tokens: [TemplateToken] = []
        while !isAtEnd() {
            guard let byte = at(0) else { throw TemplateFault.unknown("{{ is not closed") }
            if Self.isBlank(byte) {
                position += 1
                continue
            }
            tokens.append(try token(byte))
        }
        return tokens
    }

    private mutating func token(_ byte: UInt8) throws(GatewayError) -> TemplateToken {
        switch byte {
        case UInt8(ascii: "|"): return mark(.bar)
        case UInt8(ascii: "("): return mark(.open)
        case UInt8(ascii: ")"): return mark(.close)
        case UInt8(ascii: "\""): return .string(try quoted())
        case UInt8(ascii: "`"): return .string(try raw())
        case UInt8(ascii: "."):
            let follows = position > 0 && bytes[position - 1] == UInt8(ascii: ")")
            let names = try names()
            if names.isEmpty { position += 1 }
            return follows ? .member(names) : .field(names)
        case UInt8(ascii: "$"):
            position += 1
            guard !Self.isName(at(0)) else { throw TemplateFault.unknown("variables are not known, only $ alone") }
            return .root(try names())
        case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"): return .number(try number())
        case _ where Self.isName(byte): return .word(name())
        default:
            throw TemplateFault.unknown("\"\(Character(Unicode.Scalar(byte)))\" can't stand between {{ and }}")
        }
    }

    private mutating func mark(_ token: TemplateToken) -> TemplateToken {
        position += 1
        return token
    }

    /// `.a.b`, from the dot on.
    private mutating func names() throws(GatewayError) -> [String] {
        var names: [String] = []
        while at(0) == UInt8(ascii: "."), Self.isName(at(1)), !Self.isDigit(at(1)) {
            position += 1
            names.append(name())
        }
        return names
    }

    private mutating func name() -> String { take { Self.isName($0) } }

    private mutating func number() throws(GatewayError) -> JSONNumber {
        let text = take {
            Self.isName($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
        }
        guard let number = JSONNumber(text: text) else { throw TemplateFault.unknown("\"\(text)\" is no number") }
        return number
    }

    // MARK: Strings

    private mutating func raw() throws(GatewayError) -> String {
        position += 1
        let text = take { $0 != UInt8(ascii: "`") }
        guard at(0) != nil else { throw TemplateFault.unknown("a quote is not closed") }
        position += 1
        return text
    }

    private mutating func quoted() throws(GatewayError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = at(0), byte != UInt8(ascii: "\n") {
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") { text += try escape() } else { text.append(byte) }
        }
        throw TemplateFault.unknown("a quote is not closed")
    }

    /// What a backslash stands for, as in Go but for octal numbers.
    private mutating func escape() throws(GatewayError) -> [UInt8] {
        let letter = at(0) ?? 0
        position += 1
        switch letter {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): return [letter]
        case UInt8(ascii: "x"): return [UInt8(truncatingIfNeeded: try hex(2))]
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            guard let scalar = Unicode.Scalar(try hex(letter == UInt8(ascii: "u") ? 4 : 8)) else {
                throw TemplateFault.unknown("a quote has a \\u that is no character")
            }
            return Array(String(Character(scalar)).utf8)
        default: throw TemplateFault.unknown("a quote has a backslash before something that is not known")
        }
    }

    private mutating func hex(_ count: Int) throws(GatewayError) -> UInt32 {
        let end = position + count
        guard end <= bytes.count, bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw TemplateFault.unknown("a quote has an escape without its hexadecimal digits") }
        position = end
        return value
    }

    // MARK: Bytes

    /// Whether the action ends here; if so, steps behind it.
    private mutating func isAtEnd() -> Bool {
        if isNext("}}") {
            position += 2
            return true
        }
        guard Self.isBlank(at(0)), isNext("-}}", after: 1) else { return false }
        position += 4
        while Self.isBlank(at(0)) { position += 1 }
        return true
    }

    private func at(_ offset: Int) -> UInt8? {
        let index = position + offset
        return bytes.indices.contains(index) ? bytes[index] : nil
    }

    private func isNext(_ text: StaticString, after offset: Int = 0) -> Bool {
        guard position + offset <= bytes.count else { return false }
        return text.withUTF8Buffer { bytes[(position + offset)...].starts(with: $0) }
    }

    private func find(_ text: StaticString) -> Int? {
        text.withUTF8Buffer { wanted in
            guard wanted.count > 0, bytes.count - position >= wanted.count else { return nil }
            return (position...(bytes.count - wanted.count)).first { bytes[$0...].starts(with: wanted) }
        }
    }

    private mutating func take(_ belongs: (UInt8) -> Bool) -> String {
        let begin = position
        while let byte = at(0), belongs(byte) { position += 1 }
        return String(decoding: bytes[begin..<position], as: UTF8.self)
    }

    private static func isBlank(_ byte: UInt8?) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0D, 0x0A: true
        default: false
        }
    }

    private static func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }

    private static func isName(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), 0x80...0xFF: true
        default: false
        }
    }
}
