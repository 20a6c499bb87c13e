extension NumberText {
    /// Lays decimal digits out in the form of the frame format.
    @inline(__always)
    static func layOut(_ number: ShortestDecimal.Result, to place: Place) -> Place {
        var all = number.digits
        var exponent = number.exponent
        // Bring the digits to exactly seventeen: one step at most for normal doubles (without a branch, since it is as good as
        // random), more for subnormal ones and for singles.
        if all < 1_000_000_000_000_000 { (all, exponent) = stretch(all, exponent) }
        let isShort = ShortestDecimal.mask(all < 10_000_000_000_000_000)
        all = all &+ ((all &* 9) & isShort)
        exponent = exponent &+ Int(truncatingIfNeeded: isShort)
        let first = all / 10_000_000_000_000_000
        let rest = all &- first &* 10_000_000_000_000_000
        let upper = rest / 100_000_000
        let high = digits(upper)
        let low = digits(rest &- upper &* 100_000_000)
        let zeros = low != 0 ? low.leadingZeroBitCount &>> 3 : 8 &+ (high.leadingZeroBitCount &>> 3)
        let text = Digits(
            first: UInt8(truncatingIfNeeded: first &+ 0x30), high: high | asciiZeros, low: low | asciiZeros,
            count: 17 &- zeros)
        let point = exponent &+ 17
        if point > 0 && point <= 21 { return plain(text, point, to: place) }
        if point > -6 && point <= 0 { return fraction(text, point, to: place) }
        return scientific(text, point &- 1, to: place)
    }

    /// Multiplies up to at least sixteen digits.
    @inline(never)
    private static func stretch(_ digits: UInt64, _ exponent: Int) -> (UInt64, Int) {
        var digits = digits
        var exponent = exponent
        if digits < 1_000_000_000 {
            digits &*= 10_000_000
            exponent &-= 7
        }
        while digits < 1_000_000_000_000_000 {
            digits &*= 10
            exponent &-= 1
        }
        return (digits, exponent)
    }

    /// Seventeen digits as text; those from `count` on are zeros.
    struct Digits {
        var first: UInt8
        var high: UInt64
        var low: UInt64
        var count: Int

        @inline(__always)
        func store(to place: Place) {
            place[0] = first
            NumberText.store(high, to: place + 1)
            NumberText.store(low, to: place + 9)
        }
    }

    /// A number of 1 or more: `point` digits stand before the point.
    @inline(__always)
    private static func plain(_ text: Digits, _ point: Int, to place: Place) -> Place {
        text.store(to: place)
        if text.count <= point {
            if point > 17 { store(asciiZeros, to: place + 17) }
            return place + point
        }
        // Shift what stands behind the point by one byte, from the words and not from the memory just written.
        if point <= 8 {
            let keep = UInt64(truncatingIfNeeded: (point &- 1) &* 8)
            let tail = text.high &>> keep
            store((tail &<< 8) | UInt64(UInt8(ascii: ".")), to: place + point)
            (place + 9)[0] = UInt8(truncatingIfNeeded: text.high &>> 56)
            store(text.low, to: place + 10)
        } else {
            let keep = UInt64(truncatingIfNeeded: (point &- 9) &* 8)
            let tail = text.low &>> keep
            store((tail &<< 8) | UInt64(UInt8(ascii: ".")), to: place + point)
            (place + 17)[0] = UInt8(truncatingIfNeeded: text.low &>> 56)
        }
        return place + text.count + 1
    }

    /// A number below 1: `-point` zeros stand behind the point before the digits.
    @inline(__always)
    private static func fraction(_ text: Digits, _ point: Int, to place: Place) -> Place {
        store(0x3030_3030_3030_2e30, to: place)
        let start = place + (2 &- point)
        text.store(to: start)
        return start + text.count
    }

    /// A number with an exponent of at least two digits.
    private static func scientific(_ text: Digits, _ exponent: Int, to place: Place) -> Place {
        text.store(to: place + 1)
        place[0] = text.first
        place[1] = UInt8(ascii: ".")
        var out = place + (text.count > 1 ? text.count &+ 1 : 1)
        out[0] = UInt8(ascii: "e")
        out[1] = exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")
        out += 2
        let size = UInt64(exponent.magnitude)
        if size < 10 {
            out[0] = UInt8(ascii: "0")
            out += 1
        }
        return write(size, to: out)
    }
}
