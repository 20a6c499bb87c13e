/// A failure inside the lexer; the caller adds line, column and path.
package struct JSONFault: Error {
    /// What is wrong.
    package var problem: JSONError.Problem
    /// Where, from 0.
    package var offset: Int

    /// Creates a failure.
    package init(_ problem: JSONError.Problem, _ offset: Int) {
        self.problem = problem
        self.offset = offset
    }
}

/// The content of a JSON string inside its text.
package struct JSONStringToken: Sendable {
    /// The bytes between the quotes.
    package var range: Range<Int>
    /// Whether there are escapes, so that the bytes aren't the content.
    package var hasEscapes: Bool
    /// Whether there is a byte above 127.
    package var hasNonASCII: Bool

    /// A token of a string that was read before.
    package init(range: Range<Int>, hasEscapes: Bool, hasNonASCII: Bool) {
        (self.range, self.hasEscapes, self.hasNonASCII) = (range, hasEscapes, hasNonASCII)
    }
}

/// Reads single JSON tokens; shared by the parser and the scanner, so that both accept the same texts.
package struct JSONLexer {
    /// The text.
    package let bytes: UnsafeRawBufferPointer
    /// Where it stands.
    package var position: Int
    /// Whether an escape was half a character, which counts as U+FFFD, as Go reads it.
    package private(set) var sawLoneSurrogate = false
    /// Whether strings may hold bytes that aren't UTF-8, as they may for Go.
    private let keepsInvalidText: Bool

    /// Starts somewhere in a text, which must outlive the lexer.
    package init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0, keepsInvalidText: Bool = false) {
        self.bytes = bytes
        self.position = position
        self.keepsInvalidText = keepsInvalidText
    }

    /// The next byte that isn't white space, without consuming it; nil at the end.
    @inlinable @inline(__always)
    package mutating func peek() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    /// The next byte that isn't white space; the end is an error.
    @inlinable @inline(__always)
    package mutating func require() throws(JSONFault) -> UInt8 {
        guard let byte = peek() else { throw JSONFault(.unexpectedEnd, bytes.count) }
        return byte
    }

    /// Reads a string; the position is on its opening quote.
    package mutating func string() throws(JSONFault) -> JSONStringToken {
        let start = position + 1
        var token = JSONStringToken(range: start..<start, hasEscapes: false, hasNonASCII: false)
        position = start
        while position < bytes.count {
            skipPlainWords()
            guard position < bytes.count else { break }
            let byte = bytes[position]
            if byte == 0x22 {
                token.range = start..<position
                position += 1
                return token
            }
            if byte == 0x5C {
                token.hasEscapes = true
                try escape()
            } else if byte < 0x20 {
                throw JSONFault(.controlCharacter, position)
            } else if byte >= 0x80 {
                token.hasNonASCII = true
                position += keepsInvalidText ? 1 : try utf8Length()
            } else {
                position += 1
            }
        }
        throw JSONFault(.unexpectedEnd, bytes.count)
    }

    /// Skips eight bytes at a time as long as none of them is special: a quote, a backslash, a control, above 127.
    @inline(__always)
    private mutating func skipPlainWords() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            // A byte of (x - n) & ~x has its high bit set when x < n; carries only make the test stop too early.
            let special =
                ((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
                | word
            if special & highs != 0 { return }
            position &+= 8
        }
    }

    /// Checks one escape; the position is on the backslash.
    private mutating func escape() throws(JSONFault) {
        let start = position
        guard position + 1 < bytes.count else { throw JSONFault(.unexpectedEnd, bytes.count) }
        switch bytes[position + 1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74:
            position += 2
        case 0x75:
            let unit = try hexUnit(at: start)
            position = start + 6
            switch unit {
            case 0xD800..<0xDC00 where isLowSurrogate(at: position): position += 6
            case 0xD800..<0xE000: sawLoneSurrogate = true
            default: break
            }
        default:
            throw JSONFault(.invalidEscape, start)
        }
    }

    /// Whether the escape of the second half of a character begins here.
    func isLowSurrogate(at start: Int) -> Bool {
        guard start + 6 <= bytes.count, bytes[start] == 0x5C, bytes[start + 1] == 0x75,
            let unit = try? hexUnit(at: start)
        else { return false }
        return (0xDC00..<0xE000).contains(unit)
    }

    /// A JSON text with `\ufffd` in the place of each escape of half a character; nothing else moves.
    package static func withoutLoneSurrogates(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var repaired = Array(bytes)
        let lexer = JSONLexer(bytes)
        var index = 0
        while index + 1 < bytes.count {
            guard bytes[index] == 0x5C else {
                index += 1
                continue
            }
            guard bytes[index + 1] == 0x75, let unit = try? lexer.hexUnit(at: index) else {
                index += 2
                continue
            }
            if (0xD800..<0xDC00).contains(unit), lexer.isLowSurrogate(at: index + 6) {
                index += 12
                continue
            }
            if (0xD800..<0xE000).contains(unit) {
                repaired.replaceSubrange((index + 2)..<(index + 6), with: "fffd".utf8)
            }
            index += 6
        }
        return repaired
    }

    /// The value of the `\uXXXX` at `start`.
    func hexUnit(at start: Int) throws(JSONFault) -> UInt32 {
        guard start + 6 <= bytes.count else { throw JSONFault(.unexpectedEnd, bytes.count) }
        var value: UInt32 = 0
        for index in (start + 2)..<(start + 6) {
            guard let digit = hexDigitValue(bytes[index]) else { throw JSONFault(.invalidEscape, start) }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// The length of the multi-byte character at the position; overlong forms and surrogates are invalid.
    private func utf8Length() throws(JSONFault) -> Int {
        let lead = bytes[position]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw JSONFault(.invalidUTF8, position)
        }
        guard position + length <= bytes.count, second.contains(bytes[position + 1]) else {
            throw JSONFault(.invalidUTF8, position)
        }
        for index in (position + 2)..<max(position + length, position + 2) where bytes[index] & 0xC0 != 0x80 {
            throw JSONFault(.invalidUTF8, position)
        }
        return length
    }

    /// Reads a number; the position is on its first byte.
    mutating func number() throws(JSONFault) -> Range<Int> {
        let start = position
        if position < bytes.count, bytes[position] == 0x2D { position += 1 }
        guard position < bytes.count else { throw JSONFault(.unexpectedEnd, bytes.count) }
        if bytes[position] == 0x30 {
            position += 1
        } else {
            try digits(from: start)
        }
        if position < bytes.count, bytes[position] == 0x2E {
            position += 1
            try digits(from: start)
        }
        if position < bytes.count, bytes[position] | 0x20 == 0x65 {
            position += 1
            if position < bytes.count, bytes[position] == 0x2B || bytes[position] == 0x2D { position += 1 }
            try digits(from: start)
        }
        // `01` and `1x` are neither one number nor two values.
        if position < bytes.count, isNumberByte(bytes[position]) { throw JSONFault(.invalidNumber, start) }
        return start..<position
    }

    private mutating func digits(from start: Int) throws(JSONFault) {
        let first = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position &+= 1 }
        guard position > first else {
            throw position < bytes.count ? JSONFault(.invalidNumber, start) : JSONFault(.unexpectedEnd, position)
        }
    }

    private func isNumberByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2E || byte == 0x2B || byte == 0x2D
    }

    /// Consumes `true`, `false` or `null`, which the first byte chose.
    package mutating func literal(_ word: StaticString) throws(JSONFault) {
        let length = word.utf8CodeUnitCount
        let available = min(length, bytes.count - position)
        for index in 0..<available where bytes[position + index] != word.utf8Start[index] {
            throw JSONFault(.invalidLiteral, position)
        }
        guard available == length else { throw JSONFault(.unexpectedEnd, bytes.count) }
        position += length
        if position < bytes.count, isNumberByte(bytes[position]) {
            throw JSONFault(.invalidLiteral, position - length)
        }
    }
}

/// The value of a hexadecimal digit; nil for any other byte.
@inlinable @inline(__always)
package func hexDigitValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x41...0x46: byte &- 0x37
    case 0x61...0x66: byte &- 0x57
    default: nil
    }
}
