/// Byte classes of JSON text.
enum JSONBytes {
    static let highBits: UInt64 = 0x8080_8080_8080_8080
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// Bytes of a word that equal a byte have their high bit set in the answer (for words without high bits exact).
    @inline(__always)
    private static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference
    }

    /// Whether all eight bytes are ASCII that a JSON string holds unescaped, HTML escaping included.
    @inline(__always)
    static func isPlain(_ word: UInt64) -> Bool {
        let control = word &- ones &* 0x20
        // `<` and `>` differ in one bit only.
        let angles = equal(word | (ones &* 2), 0x3e)
        let others = equal(word, 0x22) | equal(word, 0x5c) | equal(word, 0x26)
        return (word | control | angles | others) & highBits == 0
    }

    /// Whether all eight bytes are ASCII and none ends or escapes a string or is a control character.
    @inline(__always)
    static func isPlainInside(_ word: UInt64) -> Bool {
        let control = word &- ones &* 0x20
        return (word | control | equal(word, 0x22) | equal(word, 0x5c)) & highBits == 0
    }

    @inline(__always)
    static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x22 || byte == 0x5c || byte == 0x3c || byte == 0x3e || byte == 0x26
    }

    static func writeEscape(_ byte: UInt8, to place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        place[0] = 0x5c
        switch byte {
        case 0x22, 0x5c: place[1] = byte
        case 0x0a: place[1] = UInt8(ascii: "n")
        case 0x0d: place[1] = UInt8(ascii: "r")
        case 0x09: place[1] = UInt8(ascii: "t")
        default:
            place[1] = UInt8(ascii: "u")
            place[2] = 0x30
            place[3] = 0x30
            place[4] = hex(byte &>> 4)
            place[5] = hex(byte & 15)
            return place + 6
        }
        return place + 2
    }

    private static func hex(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 &+ nibble : 0x57 &+ nibble }

    /// The length of the valid UTF-8 sequence of two bytes or more at `index`, 0 when there is none.
    static func sequenceLength(_ source: UnsafePointer<UInt8>, _ index: Int, _ total: Int) -> Int {
        func follows(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xbf) -> Bool {
            index &+ offset < total && range.contains(source[index &+ offset])
        }
        switch source[index] {
        case 0xc2...0xdf: return follows(1) ? 2 : 0
        case 0xe0: return follows(1, 0xa0...0xbf) && follows(2) ? 3 : 0
        case 0xe1...0xec, 0xee, 0xef: return follows(1) && follows(2) ? 3 : 0
        case 0xed: return follows(1, 0x80...0x9f) && follows(2) ? 3 : 0
        case 0xf0: return follows(1, 0x90...0xbf) && follows(2) && follows(3) ? 4 : 0
        case 0xf1...0xf3: return follows(1) && follows(2) && follows(3) ? 4 : 0
        case 0xf4: return follows(1, 0x80...0x8f) && follows(2) && follows(3) ? 4 : 0
        default: return 0
        }
    }

    /// Copies a UTF-8 sequence; length 0 writes U+FFFD, and the two line separators are escaped inside strings.
    static func writeSequence(
        _ source: UnsafePointer<UInt8>, _ length: Int, inString: Bool, to place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        if length == 0 {
            place[0] = 0xef
            place[1] = 0xbf
            place[2] = 0xbd
            return place + 3
        }
        if inString && length == 3 && source[0] == 0xe2 && source[1] == 0x80 && source[2] & 0xfe == 0xa8 {
            store("\\u202", to: place)
            place[5] = source[2] == 0xa8 ? UInt8(ascii: "8") : UInt8(ascii: "9")
            return place + 6
        }
        for offset in 0..<length { place[offset] = source[offset] }
        return place + length
    }

    private static func store(_ literal: StaticString, to place: UnsafeMutablePointer<UInt8>) {
        for offset in 0..<literal.utf8CodeUnitCount { place[offset] = literal.utf8Start[offset] }
    }
}
