/// The shortest decimal digits that read back as a given binary floating point number.
///
/// A number is c * 2^q. With k = floor(log10(2^q)) the numbers that round to it span between one and ten units of 10^k, so
/// the answer is the one multiple of 10^(k+1) in that span if there is one, else the multiple of 10^k nearest to the number.
/// One 64 by 128 bit product decides nearly always; where it lands within its own error of a border, the exact search of
/// Raffaello Giulietti's Schubfach decides.
enum ShortestDecimal {
    /// Digits and power of ten: the number is `digits * 10^exponent`.
    struct Result {
        var digits: UInt64
        var exponent: Int
    }

    /// Searches the digits of c * 2^q.
    ///
    /// `irregular` marks a power of two, whose lower neighbour is half as far away as its upper one. c is not 0 and below
    /// 2^53, q is in -1074...971.
    @inline(__always)
    static func search(_ c: UInt64, _ q: Int, irregular: Bool, powers: UnsafePointer<UInt64>) -> Result {
        let k = (q &* 1_262_611) >> 22
        let entry = powers + ((0 &- k &- PowersOfTen.lowest) &* 2)
        let high = entry[0]
        let low = entry[1]
        let shift = q &+ ((0 &- k &* 1_741_647) >> 19) &+ 1
        let scaled = c &<< UInt64(truncatingIfNeeded: shift)
        let upper = high.multipliedFullWidth(by: scaled)
        let lower = low.multipliedFullWidth(by: scaled)
        let (fraction, carry) = upper.low.addingReportingOverflow(lower.high)
        let whole = upper.high &+ (carry ? 1 : 0)

        // In units of 2^-60 of 10^k: half the span, and the distances to the multiples of ten below and above.
        let half = high &>> UInt64(truncatingIfNeeded: 5 &- shift)
        let rest = whole % 10
        let down = (rest &<< 60) | (fraction &>> 4)
        let up = (10 &<< 60) &- down
        let middle = fraction &- 0x8000_0000_0000_0000
        let unsure =
            (down &- half &+ 4 <= 8) || (up &- half &+ 4 <= 8) || (middle &+ 4 <= 8) || irregular
        if unsure { return exact(c, q, irregular: irregular, powers: powers) }
        // Which of the three it is, is as good as random: masks, since a branch would be guessed wrong every other time.
        let takesDown = mask(down < half)
        let takesUp = mask(up < half)
        let tens = (takesUp & 10) &- rest
        let ones = fraction &>> 63
        let takesTens = takesDown | takesUp
        return Result(digits: whole &+ ((tens & takesTens) | (ones & ~takesTens)), exponent: k)
    }

    /// All ones for true, 0 for false.
    @inline(__always)
    static func mask(_ condition: Bool) -> UInt64 {
        0 &- UInt64(condition ? 1 : 0)
    }

    /// The exact search: the products keep a sticky bit for everything that they cut off.
    @inline(never)
    static func exact(_ c: UInt64, _ q: Int, irregular: Bool, powers: UnsafePointer<UInt64>) -> Result {
        let even: UInt64 = c & 1
        let k = (q &* 1_262_611 &- (irregular ? 524_031 : 0)) >> 22
        let entry = powers + ((0 &- k &- PowersOfTen.lowest) &* 2)
        let shift = UInt64(truncatingIfNeeded: q &+ ((0 &- k &* 1_741_647) >> 19) &+ 1)
        let below = 4 &* c &- 2 &+ (irregular ? 1 : 0)
        let lower = sticky(entry, below &<< shift) &+ even
        let value = sticky(entry, (4 &* c) &<< shift)
        let upper = sticky(entry, (4 &* c &+ 2) &<< shift) &- even
        let whole = value &>> 2
        if whole >= 10 {
            let tens = whole / 10
            let downInside = lower <= 40 &* tens
            let upInside = 40 &* tens &+ 40 <= upper
            if downInside != upInside { return Result(digits: (tens &+ (upInside ? 1 : 0)) &* 10, exponent: k) }
        }
        let downInside = lower <= 4 &* whole
        let upInside = 4 &* whole &+ 4 <= upper
        if downInside != upInside { return Result(digits: whole &+ (upInside ? 1 : 0), exponent: k) }
        let middle = 4 &* whole &+ 2
        let roundsUp = value > middle || (value == middle && whole & 1 == 1)
        return Result(digits: whole &+ (roundsUp ? 1 : 0), exponent: k)
    }

    /// The top word of power * factor, its lowest bit set when anything below it is.
    @inline(__always)
    private static func sticky(_ power: UnsafePointer<UInt64>, _ factor: UInt64) -> UInt64 {
        let lower = power[1].multipliedFullWidth(by: factor)
        let upper = power[0].multipliedFullWidth(by: factor)
        let (middle, carry) = upper.low.addingReportingOverflow(lower.high)
        return (upper.high &+ (carry ? 1 : 0)) | (middle > 1 ? 1 : 0)
    }
}
