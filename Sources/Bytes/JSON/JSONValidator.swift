/// Tells whether bytes are exactly one JSON value (RFC 8259), without building anything.
package struct JSONValidator {
    /// What was found.
    package enum Verdict: Equatable, Sendable {
        /// Exactly one value, all bytes ASCII.
        case ascii
        /// Exactly one value with bytes above 0x7f in its strings, which were not checked to be UTF-8.
        case text
        /// Not one JSON value.
        case invalid
    }

    /// The deepest nesting that passes, the limit of Go's parser.
    package static let maximumDepth = 10_000

    private let source: UnsafePointer<UInt8>
    private let end: Int
    private var index = 0
    private var sawHighByte = false
    private var doublesOnly = false
    // One bit per level, 1 for an object: the innermost 64 levels in the word, the others on the stack.
    private var kinds: UInt64 = 0
    private var depth = 0
    private var outer: [UInt64] = []

    /// Checks `bytes`; white space around the value is allowed.
    ///
    /// `doublesOnly` refuses numbers that a 64-bit float can't hold, as parsers do that read into floats.
    package static func check(_ bytes: UnsafeRawBufferPointer, doublesOnly: Bool = false) -> Verdict {
        guard let base = bytes.baseAddress else { return .invalid }
        var validator = JSONValidator(source: base.assumingMemoryBound(to: UInt8.self), end: bytes.count)
        validator.doublesOnly = doublesOnly
        guard validator.run() else { return .invalid }
        return validator.sawHighByte ? .text : .ascii
    }

    private init(source: UnsafePointer<UInt8>, end: Int) {
        self.source = source
        self.end = end
    }

    /// The byte at the index, 0 at the end (which no rule accepts).
    @inline(__always)
    private var byte: UInt8 { index < end ? source[index] : 0 }

    private mutating func run() -> Bool {
        skipSpace()
        while true {
            // A value is due.
            switch byte {
            case UInt8(ascii: "{"):
                guard open(1) else { return false }
                if byte == UInt8(ascii: "}") { break }
                guard key() else { return false }
                continue
            case UInt8(ascii: "["):
                guard open(0) else { return false }
                if byte == UInt8(ascii: "]") { break }
                continue
            case UInt8(ascii: "\""): guard string() else { return false }
            case UInt8(ascii: "t"): guard word("true") else { return false }
            case UInt8(ascii: "f"): guard word("false") else { return false }
            case UInt8(ascii: "n"): guard word("null") else { return false }
            default: guard number() else { return false }
            }
            guard let more = afterValue() else { return false }
            if !more { return index == end }
        }
    }

    /// Goes on behind a value: true when another value is due, false when the outermost value is complete.
    private mutating func afterValue() -> Bool? {
        while true {
            skipSpace()
            if depth == 0 { return false }
            let isObject = kinds & 1 == 1
            if byte == UInt8(ascii: ",") {
                index &+= 1
                skipSpace()
                if isObject { return key() ? true : nil }
                return true
            }
            guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return nil }
            index &+= 1
            close()
        }
    }

    private mutating func open(_ kind: UInt64) -> Bool {
        if depth >= Self.maximumDepth { return false }
        if depth > 0 && depth % 64 == 0 { outer.append(kinds) }
        kinds = (kinds &<< 1) | kind
        depth &+= 1
        index &+= 1
        skipSpace()
        return true
    }

    private mutating func close() {
        depth &-= 1
        kinds &>>= 1
        if depth > 0 && depth % 64 == 0 { kinds = outer.popLast() ?? 0 }
    }

    private mutating func key() -> Bool {
        guard byte == UInt8(ascii: "\""), string() else { return false }
        skipSpace()
        guard byte == UInt8(ascii: ":") else { return false }
        index &+= 1
        skipSpace()
        return true
    }

    @inline(__always)
    private mutating func skipSpace() {
        while index < end {
            let next = source[index]
            guard next == 0x20 || next == 0x0a || next == 0x0d || next == 0x09 else { return }
            index &+= 1
        }
    }

    private mutating func string() -> Bool {
        index &+= 1
        while index < end {
            if index &+ 8 <= end {
                let word = UnsafeRawPointer(source + index).loadUnaligned(as: UInt64.self)
                if JSONBytes.isPlainInside(word) {
                    index &+= 8
                    continue
                }
            }
            let next = source[index]
            index &+= 1
            if next == 0x22 { return true }
            if next < 0x20 { return false }
            if next >= 0x80 { sawHighByte = true }
            if next == 0x5c && !escape() { return false }
        }
        return false
    }

    private mutating func escape() -> Bool {
        let kind = byte
        index &+= 1
        switch kind {
        case 0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74: return true
        case 0x75:
            for _ in 0..<4 {
                switch byte {
                case 0x30...0x39, 0x41...0x46, 0x61...0x66: index &+= 1
                default: return false
                }
            }
            return true
        default: return false
        }
    }

    private mutating func word(_ literal: StaticString) -> Bool {
        let size = literal.utf8CodeUnitCount
        guard index &+ size <= end else { return false }
        for offset in 0..<size where source[index &+ offset] != literal.utf8Start[offset] { return false }
        index &+= size
        return true
    }

    private mutating func number() -> Bool {
        let start = index
        guard numberText() else { return false }
        // The shortest number that is too big has five bytes, such as 1e309.
        return !doublesOnly || index &- start < 5 || isDouble(start)
    }

    private func isDouble(_ start: Int) -> Bool {
        let text = UnsafeBufferPointer(start: source + start, count: index &- start)
        // Without exponent it takes more than 300 digits.
        guard text.count > 300 || text.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { return true }
        return Double(String(decoding: text, as: UTF8.self))?.isFinite ?? false
    }

    private mutating func numberText() -> Bool {
        if byte == UInt8(ascii: "-") { index &+= 1 }
        if byte == UInt8(ascii: "0") {
            index &+= 1
        } else if !digits() {
            return false
        }
        if byte == UInt8(ascii: ".") {
            index &+= 1
            guard digits() else { return false }
        }
        if byte | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { index &+= 1 }
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = index
        while byte &- 0x30 < 10 { index &+= 1 }
        return index > start
    }
}
