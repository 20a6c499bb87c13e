/// A JSON number by its text, so that no digit is lost.
///
/// Equality and hash go by the text; `hasSameValue` compares values.
package struct JSONNumber: Sendable, Hashable {
    /// The text as written, valid by the grammar of RFC 8259.
    package let text: String

    /// Creates the number of an integer.
    package init(_ value: Int) { text = String(value) }

    /// Creates a number from its JSON text; nil if that isn't one number and nothing else.
    package init?(text: String) {
        var text = text
        let valid = text.withUTF8 { utf8 in
            var lexer = JSONLexer(UnsafeRawBufferPointer(utf8))
            return (try? lexer.number()) == 0..<utf8.count
        }
        guard valid else { return nil }
        self.text = text
    }

    /// A text that the lexer has checked.
    init(checked text: String) { self.text = text }

    /// The nearest binary value; infinite beyond the range.
    package var double: Double { Double(text) ?? .nan }

    /// The value if it is exactly an integer of 64 bits.
    package var exactInt: Int? {
        if let plain = Int(text) { return plain }
        var text = text
        return text.withUTF8 { Decimal($0)?.exactInt }
    }

    /// Whether both are the same value, however written: `1`, `1.0`, `10e-1`.
    package func hasSameValue(as other: JSONNumber) -> Bool {
        if text == other.text { return true }
        var (left, right) = (text, other.text)
        let first = left.withUTF8 { Decimal($0) }
        let second = right.withUTF8 { Decimal($0) }
        guard let first, let second else { return false }
        return first == second
    }
}

/// A decimal number in its one normal form: digits without zeros at either end, times a power of ten.
struct Decimal: Equatable {
    var isNegative = false
    /// The digits' values, most significant first; empty for zero.
    var digits: [UInt8] = []
    var exponent = 0

    /// Takes a valid JSON number apart; nil if the exponent is beyond 18 digits.
    init?(_ text: some Collection<UInt8>) {
        var fractionDigits = 0
        var inFraction = false
        var index = text.startIndex
        scan: while index < text.endIndex {
            let byte = text[index]
            index = text.index(after: index)
            switch byte {
            case 0x2D: isNegative = true
            case 0x2E: inFraction = true
            case 0x30...0x39:
                if inFraction { fractionDigits += 1 }
                if !digits.isEmpty || byte != 0x30 { digits.append(byte - 0x30) }
            default:
                // The exponent follows; `Int` reads its sign too and refuses what is too long.
                guard let written = Int(String(decoding: text[index...], as: UTF8.self)), written.magnitude < 1 << 60
                else {
                    return nil
                }
                exponent = written
                break scan
            }
        }
        exponent -= fractionDigits
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty { (isNegative, exponent) = (false, 0) }
    }

    /// The value if it is exactly an integer of 64 bits.
    var exactInt: Int? {
        guard exponent >= 0 || digits.isEmpty, digits.count + exponent <= 19 else { return nil }
        var value = 0
        for place in 0..<(digits.count + exponent) {
            let (shifted, tooBig) = value.multipliedReportingOverflow(by: 10)
            let digit = place < digits.count ? Int(digits[place]) : 0
            let (next, overflow) = shifted.subtractingReportingOverflow(digit)
            guard !tooBig, !overflow else { return nil }
            value = next
        }
        // Built up as a negative value, since the smallest integer has no positive counterpart.
        if isNegative { return value }
        return value == .min ? nil : -value
    }
}
