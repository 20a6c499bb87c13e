/// Base64 with the standard alphabet and padding (RFC 4648, section 4).
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The text of some bytes.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var word: UInt32 = 0
        var filled = 0
        for byte in bytes {
            word = word << 8 | UInt32(byte)
            filled += 1
            if filled == 3 {
                append(word, characters: 4, to: &out)
                (word, filled) = (0, 0)
            }
        }
        if filled > 0 {
            append(word << UInt32(8 * (3 - filled)), characters: filled + 1, to: &out)
            out += [UInt8](repeating: 0x3D, count: 3 - filled)
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes of a text; nil for anything that isn't base64 with its padding.
    ///
    /// Line breaks are skipped.
    package static func decode(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count / 4 * 3)
        var word: UInt32 = 0
        var filled = 0
        var padding = 0
        for byte in text.utf8 where byte != 0x0A && byte != 0x0D {
            if byte == 0x3D {
                padding += 1
                continue
            }
            guard padding == 0, let digit = value(of: byte) else { return nil }
            word = word << 6 | digit
            filled += 1
            if filled == 4 {
                out += [UInt8(word >> 16 & 0xFF), UInt8(word >> 8 & 0xFF), UInt8(word & 0xFF)]
                (word, filled) = (0, 0)
            }
        }
        switch (filled, padding) {
        case (0, 0): return out
        case (2, 2) where word & 0xF == 0: return out + [UInt8(word >> 4 & 0xFF)]
        case (3, 1) where word & 0x3 == 0: return out + [UInt8(word >> 10 & 0xFF), UInt8(word >> 2 & 0xFF)]
        default: return nil
        }
    }

    private static func append(_ word: UInt32, characters: Int, to out: inout [UInt8]) {
        for place in 0..<characters { out.append(alphabet[Int(word >> UInt32(18 - 6 * place) & 63)]) }
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte - 0x41)
        case 0x61...0x7A: UInt32(byte - 0x61) + 26
        case 0x30...0x39: UInt32(byte - 0x30) + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
