/// Writes integers of which neighbours mostly share all but their last eight digits, such as the times of a series.
///
/// The text of the shared head is kept, so that only the last eight digits are worked out.
package struct RisingNumbers {
    private var head: UInt64 = .max
    private var text: UInt64 = 0
    private var length = 0

    /// Starts without a head.
    package init() {}

    /// Writes a number; the place needs `NumberText.room` bytes.
    package mutating func write(_ value: Int64, to place: NumberText.Place) -> NumberText.Place {
        let magnitude = UInt64(bitPattern: value)
        guard magnitude >= 100_000_000 && magnitude < 10_000_000_000_000_000 else {
            return NumberText.write(value, to: place)
        }
        let high = magnitude / 100_000_000
        if high != head { keep(high) }
        NumberText.store(text, to: place)
        let out = place + length
        NumberText.store(NumberText.digits(magnitude &- high &* 100_000_000) | NumberText.asciiZeros, to: out)
        return out + 8
    }

    @inline(never)
    private mutating func keep(_ high: UInt64) {
        let digits = NumberText.digits(high)
        let leading = min(digits.trailingZeroBitCount &>> 3, 7)
        head = high
        text = (digits | NumberText.asciiZeros) &>> UInt64(truncatingIfNeeded: leading &* 8)
        length = 8 &- leading
    }
}
