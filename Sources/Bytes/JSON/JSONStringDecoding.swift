extension JSONLexer {
    /// The content of a string token; escapes are resolved.
    package func content(of token: JSONStringToken) -> String {
        let raw = UnsafeRawBufferPointer(rebasing: bytes[token.range])
        guard token.hasEscapes else { return String(decoding: raw, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: raw.count) { target in
            var output = 0
            decode(raw) { byte in
                // Resolving an escape never makes the text longer: the capacity is enough.
                if output < target.count {
                    target[output] = byte
                    output &+= 1
                }
            }
            return output
        }
    }

    /// The content of a string token as bytes, appended to `out`.
    package func appendContent(of token: JSONStringToken, to out: inout [UInt8]) {
        let raw = UnsafeRawBufferPointer(rebasing: bytes[token.range])
        guard token.hasEscapes else { return out.append(contentsOf: raw) }
        decode(raw) { out.append($0) }
    }

    /// Whether the content of a token is exactly this text.
    @inlinable @inline(__always)
    package func content(of token: JSONStringToken, equals text: StaticString) -> Bool {
        if token.hasEscapes { return content(of: token) == text.description }
        guard token.range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<token.range.count where bytes[token.range.lowerBound &+ index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Resolves escapes that `string()` has checked already.
    private func decode(_ raw: UnsafeRawBufferPointer, emit: (UInt8) -> Void) {
        let inner = JSONLexer(raw)
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            guard byte == 0x5C, index + 1 < raw.count else {
                emit(byte)
                index += 1
                continue
            }
            let letter = raw[index + 1]
            guard letter == 0x75 else {
                emit(Self.meaning(of: letter))
                index += 2
                continue
            }
            var scalar = (try? inner.hexUnit(at: index)) ?? 0xFFFD
            index += 6
            if (0xD800..<0xDC00).contains(scalar), inner.isLowSurrogate(at: index),
                let low = try? inner.hexUnit(at: index)
            {
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low & 0x3FF)
                index += 6
            }
            for byte in String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8 { emit(byte) }
        }
    }

    private static func meaning(of letter: UInt8) -> UInt8 {
        switch letter {
        case 0x62: 0x08
        case 0x66: 0x0C
        case 0x6E: 0x0A
        case 0x72: 0x0D
        case 0x74: 0x09
        default: letter
        }
    }
}
