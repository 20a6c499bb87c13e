/// Number texts of the data frame format, written straight to memory.
///
/// Floats have the shortest digits that read back, plain from 1e-06 up to below 1e+21, else with an exponent of at least two
/// digits; whole numbers have no fraction, negative zero is `-0`. Every function may scribble up to `room` bytes past the
/// place it was given and returns the end of the text.
package enum NumberText {
    /// The bytes that must be free behind the place a number is written to.
    package static let room = 48

    /// A byte place to write to.
    package typealias Place = UnsafeMutablePointer<UInt8>

    /// Writes a finite double; the caller handles NaN and the infinities (they come out as garbage digits, in bounds).
    package static func write(_ value: Double, to place: Place, powers: UnsafePointer<UInt64>) -> Place {
        let bits = value.bitPattern
        var out = place
        out[0] = UInt8(ascii: "-")
        out += Int(truncatingIfNeeded: bits &>> 63)
        let magnitude = bits & 0x7fff_ffff_ffff_ffff
        let biased = Int(truncatingIfNeeded: magnitude &>> 52)
        let mantissa = magnitude & 0x000f_ffff_ffff_ffff
        if biased >= 1023 && biased < 1075 {
            // Up to 53 bits before the point: a whole number if all bits behind the point are zero.
            let full = mantissa | 0x0010_0000_0000_0000
            let behind = UInt64(truncatingIfNeeded: 1075 &- biased)
            if full & ((1 &<< behind) &- 1) == 0 { return write(full &>> behind, to: out) }
        } else if biased == 0 {
            if mantissa == 0 { return zero(out) }
            let found = ShortestDecimal.search(mantissa, -1074, irregular: false, powers: powers)
            return layOut(found, to: out)
        }
        let found = ShortestDecimal.search(
            mantissa | 0x0010_0000_0000_0000, min(biased, 2046) &- 1075, irregular: mantissa == 0 && biased > 1,
            powers: powers)
        return layOut(found, to: out)
    }

    /// Writes a finite single precision number with the digits that single precision needs.
    package static func write(_ value: Float, to place: Place, powers: UnsafePointer<UInt64>) -> Place {
        let bits = value.bitPattern
        var out = place
        out[0] = UInt8(ascii: "-")
        out += Int(truncatingIfNeeded: bits &>> 31)
        let magnitude = bits & 0x7fff_ffff
        let biased = Int(truncatingIfNeeded: magnitude &>> 23)
        let mantissa = UInt64(magnitude & 0x007f_ffff)
        if biased == 0 && mantissa == 0 { return zero(out) }
        if biased == 0 {
            return layOut(ShortestDecimal.search(mantissa, -149, irregular: false, powers: powers), to: out)
        }
        let found = ShortestDecimal.search(
            mantissa | 0x0080_0000, min(biased, 254) &- 150, irregular: mantissa == 0 && biased > 1, powers: powers)
        return layOut(found, to: out)
    }

    /// Writes a signed integer.
    package static func write(_ value: Int64, to place: Place) -> Place {
        place[0] = UInt8(ascii: "-")
        return write(value.magnitude, to: place + (value < 0 ? 1 : 0))
    }

    /// Writes an unsigned integer.
    package static func write(_ value: UInt64, to place: Place) -> Place {
        if value < 100_000_000 { return writeSmall(value, to: place) }
        let high = value / 100_000_000
        let low = value &- high &* 100_000_000
        if high < 100_000_000 {
            let out = writeSmall(high, to: place)
            store(digits(low) | asciiZeros, to: out)
            return out + 8
        }
        let top = high / 100_000_000
        let out = writeSmall(top, to: place)
        store(digits(high &- top &* 100_000_000) | asciiZeros, to: out)
        store(digits(low) | asciiZeros, to: out + 8)
        return out + 16
    }

    /// Writes a number below 10^8 without leading zeros.
    @inline(__always)
    private static func writeSmall(_ value: UInt64, to place: Place) -> Place {
        let text = digits(value)
        let leading = min(text.trailingZeroBitCount &>> 3, 7)
        store((text | asciiZeros) &>> UInt64(truncatingIfNeeded: leading &* 8), to: place)
        return place + (8 &- leading)
    }

    static let asciiZeros: UInt64 = 0x3030_3030_3030_3030

    @inline(__always)
    private static func zero(_ place: Place) -> Place {
        place[0] = UInt8(ascii: "0")
        return place + 1
    }

    @inline(__always)
    static func store(_ word: UInt64, to place: Place) {
        UnsafeMutableRawPointer(place).storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    /// The eight digits of a number below 10^8, one value 0...9 per byte, the first digit in the lowest byte.
    @inline(__always)
    static func digits(_ value: UInt64) -> UInt64 {
        let upper = value / 10_000
        var text = upper | ((value &- upper &* 10_000) &<< 32)
        let hundreds = ((text &* 10_486) &>> 20) & 0x0000_007f_0000_007f
        text = hundreds | ((text &- hundreds &* 100) &<< 16)
        let tens = ((text &* 103) &>> 10) & 0x000f_000f_000f_000f
        return tens | ((text &- tens &* 10) &<< 8)
    }
}
