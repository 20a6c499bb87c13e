/// Durations as Grafana reads them: Go's, and whole days, weeks, months and years.
package enum DurationText {
    /// The length in milliseconds, rounded up to a whole one; nil if the text isn't a duration.
    package static func milliseconds(_ text: [UInt8]) -> Int? {
        calendarUnits(text) ?? goDuration(text)
    }

    /// An unsigned integer and `d`, `w`, `M` or `y`; a year is 365.25 days and a month a twelfth of it.
    private static func calendarUnits(_ text: [UInt8]) -> Int? {
        let size: Int
        switch text.last {
        case 0x64: size = 86_400_000
        case 0x77: size = 604_800_000
        case 0x4D: size = 2_629_800_000
        case 0x79: size = 31_557_600_000
        default: return nil
        }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let (length, overflow) = count.multipliedReportingOverflow(by: size)
        return overflow ? nil : length
    }

    /// A sign and one or more numbers with a unit of Go: `1h30m`, `-1.5s`, `300ms`.
    private static func goDuration(_ text: [UInt8]) -> Int? {
        var rest = text[...]
        let isNegative = rest.first == 0x2D
        if isNegative || rest.first == 0x2B { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        var total = 0
        while !rest.isEmpty {
            let number = rest.prefix { (0x30...0x39).contains($0) || $0 == 0x2E }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !(0x30...0x39).contains($0) && $0 != 0x2E }
            rest = rest.dropFirst(unit.count)
            guard let size = nanoseconds(String(decoding: unit, as: UTF8.self)), let part = scale(number, size) else {
                return nil
            }
            let (sum, overflow) = total.addingReportingOverflow(part)
            if overflow { return nil }
            total = sum
        }
        return -floorDivide(isNegative ? total : -total, 1_000_000)
    }

    private static func nanoseconds(_ unit: String) -> Int? {
        switch unit {
        case "ns": 1
        case "us", "\u{B5}s", "\u{3BC}s": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    /// A decimal number times a size; digits beyond the size's precision are dropped.
    private static func scale(_ number: ArraySlice<UInt8>, _ size: Int) -> Int? {
        let parts = number.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard parts.count <= 2, number.count > parts.count - 1 else { return nil }
        guard let whole = parts[0].isEmpty ? 0 : Int(String(decoding: parts[0], as: UTF8.self)) else { return nil }
        let (product, tooBig) = whole.multipliedReportingOverflow(by: size)
        var fraction = 0
        var place = size
        // Each digit's share is exact until the place is below ten: the sizes are 6 and 36 times powers of ten.
        for digit in parts.count == 2 ? parts[1] : [] {
            fraction += Int(digit - 0x30) * place / 10
            place /= 10
        }
        let (sum, overflow) = product.addingReportingOverflow(fraction)
        return tooBig || overflow ? nil : sum
    }
}
