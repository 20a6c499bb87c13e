/// Checks text for well-formed UTF-8 (RFC 3629) piece by piece, wherever the pieces are cut.
package struct UTF8Check: Sendable {
    /// Bytes of the present character that are to come.
    private var expected = 0
    /// What the next byte may be: the second byte of a character is bound tighter than the others.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF
    private var isBroken = false

    /// A check at the beginning of a text.
    package init() {}

    /// Whether the text may end here.
    package var isComplete: Bool { expected == 0 && !isBroken }

    /// Takes the next piece.
    ///
    /// - Returns: false at the first byte that can't be there, and from then on.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes {
            if expected == 0 {
                if byte >= 0x80, !begin(byte) { return fail() }
            } else {
                guard low...high ~= byte else { return fail() }
                expected -= 1
                (low, high) = (0x80, 0xBF)
            }
        }
        return !isBroken
    }

    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: expected = 1
        case 0xE0: (expected, low) = (2, 0xA0)
        case 0xED: (expected, high) = (2, 0x9F)
        case 0xE1...0xEF: expected = 2
        case 0xF0: (expected, low) = (3, 0x90)
        case 0xF1...0xF3: expected = 3
        case 0xF4: (expected, high) = (3, 0x8F)
        default: return false
        }
        return true
    }

    private mutating func fail() -> Bool {
        isBroken = true
        return false
    }
}
