/// Integers in the spellings that Go's YAML reader knows: `1_000`, `0x1F`, `0o17`, `017`, `0b101`.
package enum GoInteger {
    /// The number of a text; nil for one that is no integer or doesn't fit 64 bits.
    package static func value(_ text: String) -> Int? {
        digits(text).flatMap { Int($0.sign + $0.digits, radix: $0.radix) }
    }

    /// The number of a text that may need 64 bits without a sign.
    package static func number(_ text: String) -> JSONNumber? {
        guard let parts = digits(text) else { return nil }
        if let value = Int(parts.sign + parts.digits, radix: parts.radix) { return JSONNumber(value) }
        guard parts.sign != "-", let value = UInt64(parts.digits, radix: parts.radix) else { return nil }
        return JSONNumber(text: String(value))
    }

    /// The text taken apart; underscores are only for the eye.
    private static func digits(_ text: String) -> (sign: String, digits: String, radix: Int)? {
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard let first = rest.first, first &- 0x30 < 10 else { return nil }
        var digits = rest.filter { $0 != UInt8(ascii: "_") }[...]
        var radix = 10
        if first == 0x30, digits.count > 1 {
            switch digits[1] | 0x20 {
            case UInt8(ascii: "x"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "o"): (radix, digits) = (8, digits.dropFirst(2))
            case UInt8(ascii: "b"): (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        guard digits.first.map({ hexDigitValue($0) != nil }) ?? false else { return nil }
        return (isNegative ? "-" : "", String(decoding: digits, as: UTF8.self), radix)
    }
}
