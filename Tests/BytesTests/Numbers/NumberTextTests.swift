import Bytes
import Testing

@Suite("Number texts")
struct NumberTextTests {
    private func text(_ value: Double) -> String {
        var writer = ByteWriter()
        writer.append(number: value)
        return String(decoding: writer.array(), as: UTF8.self)
    }

    private func text(_ value: Float) -> String {
        var writer = ByteWriter()
        writer.reserve(NumberText.room)
        writer.advance(to: NumberText.write(value, to: writer.cursor, powers: PowersOfTen.table))
        return String(decoding: writer.array(), as: UTF8.self)
    }

    /// Digits without point and zeros at the ends, and the power of ten: the same for every way to write a number.
    private func parts(_ text: String) -> String {
        let pieces = text.lowercased().split(separator: "e")
        var exponent = pieces.count > 1 ? Int(pieces[1]) ?? .max : 0
        let mantissa = pieces[0].split(separator: ".", omittingEmptySubsequences: false)
        exponent -= mantissa.count > 1 ? mantissa[1].count : 0
        var digits = mantissa.joined().drop { $0 == "-" || $0 == "0" }
        while digits.last == "0" {
            digits.removeLast()
            exponent += 1
        }
        return "\(text.hasPrefix("-"))\(digits)e\(digits.isEmpty ? 0 : exponent)"
    }

    @Test("Numbers have the form of the frame format")
    func form() {
        let cases: [(Double, String)] = [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1.5, "-1.5"), (12.5, "12.5"), (0.1, "0.1"), (1e-6, "0.000001"),
            (9.99e-7, "9.99e-07"), (1e-100, "1e-100"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
            (1.5e300, "1.5e+300"), (.leastNonzeroMagnitude, "5e-324"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
            (9_007_199_254_740_992, "9007199254740992"), (0x1p64, "18446744073709552000"),
            (123_456_789.125, "123456789.125"), (1_234_567_890.5, "1234567890.5"), (4.35, "4.35"), (.nan, "null"),
        ]
        for (value, wanted) in cases { #expect(text(value) == wanted) }
        #expect(text(Float(0.1)) == "0.1")
        #expect(text(Float.greatestFiniteMagnitude) == "3.4028235e+38")
        #expect(text(Float.leastNonzeroMagnitude) == "1e-45")
    }

    @Test("200,000 random bit patterns have the digits of the standard library")
    func digits() {
        var state: UInt64 = 88_172_645_463_325_252
        for round in 0..<100_000 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            var value = Double(bitPattern: state)
            if round % 4 == 1 { value = Double(state % 1_000_000_000) / 1000 }
            if round % 4 == 2 { value = Double(bitPattern: (state % 2047) << 52) }
            if value.isFinite && parts(text(value)) != parts(value.description) {
                Issue.record("\(value) is written \(text(value))")
            }
            let single = Float(bitPattern: UInt32(truncatingIfNeeded: state))
            if single.isFinite && parts(text(single)) != parts(single.description) {
                Issue.record("\(single) is written \(text(single))")
            }
        }
    }

    @Test("Integers of every length have all their digits")
    func integers() {
        var numbers = RisingNumbers()
        var value: UInt64 = 1
        for length in 0..<20 {
            for candidate in [value &- 1, value, value &+ 1] + (length == 0 ? [.max] : []) {
                var writer = ByteWriter()
                writer.append(integer: candidate)
                #expect(String(decoding: writer.array(), as: UTF8.self) == "\(candidate)")
                let signed = Int64(bitPattern: candidate)
                for number in [signed, 0 &- signed] {
                    writer.removeAll()
                    writer.append(integer: number)
                    #expect(String(decoding: writer.array(), as: UTF8.self) == "\(number)")
                    writer.removeAll()
                    writer.advance(to: numbers.write(number, to: writer.cursor))
                    #expect(String(decoding: writer.array(), as: UTF8.self) == "\(number)")
                }
            }
            value = value &* 10
        }
    }
}
