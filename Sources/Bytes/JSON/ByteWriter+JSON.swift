extension ByteWriter {
    /// Appends a JSON string with its quotes.
    ///
    /// `<`, `>`, `&`, U+2028 and U+2029 are escaped as Go does, so that the text can stand inside HTML; every byte that is
    /// not part of valid UTF-8 becomes U+FFFD.
    package mutating func appendJSONString(_ bytes: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        appendEscaped(bytes, inString: true)
        append(UInt8(ascii: "\""))
    }

    /// Appends a JSON string with its quotes.
    package mutating func appendJSONString(_ text: String) {
        var text = text
        text.withUTF8 { appendJSONString(UnsafeRawBufferPointer($0)) }
    }

    /// Appends JSON text as it is, except that bytes that are not valid UTF-8 become U+FFFD.
    package mutating func appendJSONText(_ bytes: UnsafeRawBufferPointer) {
        appendEscaped(bytes, inString: false)
    }

    /// Appends an integer.
    package mutating func append(integer value: Int64) {
        reserve(NumberText.room)
        advance(to: NumberText.write(value, to: cursor))
    }

    /// Appends an unsigned integer.
    package mutating func append(integer value: UInt64) {
        reserve(NumberText.room)
        advance(to: NumberText.write(value, to: cursor))
    }

    /// Appends a double in the form of the frame format, `null` when it is not finite.
    package mutating func append(number value: Double) {
        guard value.isFinite else { return append("null" as StaticString) }
        reserve(NumberText.room)
        advance(to: NumberText.write(value, to: cursor, powers: PowersOfTen.table))
    }

    /// Copies in pieces, so that the worst case of an escape (six bytes for one) is reserved for a piece only.
    private mutating func appendEscaped(_ bytes: UnsafeRawBufferPointer, inString: Bool) {
        guard let base = bytes.baseAddress else { return }
        let source = base.assumingMemoryBound(to: UInt8.self)
        let total = bytes.count
        var index = 0
        while index < total {
            let stop = min(total, index &+ 2048)
            reserve((stop &- index) &* 6 &+ 32)
            var out = cursor
            while index < stop {
                if index &+ 8 <= stop {
                    let word = UnsafeRawPointer(source + index).loadUnaligned(as: UInt64.self)
                    let plain = inString ? JSONBytes.isPlain(word) : word & JSONBytes.highBits == 0
                    if plain {
                        UnsafeMutableRawPointer(out).storeBytes(of: word, as: UInt64.self)
                        out += 8
                        index &+= 8
                        continue
                    }
                }
                let byte = source[index]
                if byte >= 0x80 {
                    let length = JSONBytes.sequenceLength(source, index, total)
                    out = JSONBytes.writeSequence(source + index, length, inString: inString, to: out)
                    index &+= max(length, 1)
                } else {
                    index &+= 1
                    if inString && JSONBytes.needsEscape(byte) {
                        out = JSONBytes.writeEscape(byte, to: out)
                    } else {
                        out[0] = byte
                        out += 1
                    }
                }
            }
            advance(to: out)
        }
    }
}
