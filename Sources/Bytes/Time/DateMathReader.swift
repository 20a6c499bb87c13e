/// Reads and evaluates a date math expression in one pass over its bytes.
package struct DateMathReader {
    /// Why a text isn't date math.
    package struct Fault: Error {
        /// What is wrong, to follow the text in a message.
        package var text: String
    }

    private let bytes: [UInt8]
    private let now: Int
    private let rules: CalendarRules
    private let roundUp: Bool
    private var position = 0

    /// Starts reading; `roundUp` says where roundings go.
    package init(_ bytes: [UInt8], now: Int, rules: CalendarRules, roundUp: Bool) {
        self.bytes = bytes
        self.now = now
        self.rules = rules
        self.roundUp = roundUp
    }

    /// The instant in epoch milliseconds.
    package mutating func instant() throws(Fault) -> Int {
        if bytes.isEmpty { throw Fault(text: "is empty") }
        var instant = try anchor()
        while position < bytes.count {
            let operation = bytes[position]
            position += 1
            let moved: Int?
            switch operation {
            case 0x2B, 0x2D:
                let count = try digits(1...18) ?? 1
                moved = rules.adding(operation == 0x2B ? count : -count, try unit(), to: instant)
            case 0x2F:
                let unit = try unit()
                if unit == .businessDay { throw Fault(text: "can't be rounded to business days (/b)") }
                moved = roundUp ? rules.end(of: unit, at: instant) : rules.start(of: unit, at: instant)
            default:
                throw Fault(text: "has an unexpected character at position \(position)")
            }
            guard let moved else { throw Fault(text: "is outside the calendar") }
            instant = moved
        }
        return instant
    }

    private mutating func anchor() throws(Fault) -> Int {
        if take("now") { return now }
        let start = position
        // Five or more digits with `||` after them are epoch milliseconds.
        let isNegative = take("-")
        if let number = try digits(5...18) {
            guard take("||") else { throw Fault(text: "has a number that isn't followed by ||") }
            return isNegative ? -number : number
        }
        position = start
        let instant = try isoDate()
        if position < bytes.count, !take("||") {
            throw Fault(text: "has an unexpected character at position \(position + 1)")
        }
        return instant
    }

    /// `YYYY[-MM[-DD[THH[:MM[:SS[.f]]][Z|+hh:mm]]]]`; without a zone the local one is meant.
    private mutating func isoDate() throws(Fault) -> Int {
        guard let year = try digits(4...4) else { throw Fault(text: "is neither a number, a duration nor a date") }
        var date = CivilDate(year: year, month: 1, day: 1)
        var clock = 0
        var zone = rules.zone
        // A minus after the year can only be the month: a zone or an offset needs a time or `||` before it.
        if take("-") {
            date.month = try part(1...12, "month")
            if take("-") {
                date.day = try part(1...CivilDate.days(inMonth: date.month, of: year), "day")
                if take("T") {
                    clock = try timeOfDay()
                    if let offset = try offset() { zone = .fixed(offset) }
                }
            }
        }
        guard let days = date.daysSinceEpoch,
            let instant = LocalTime(days: days, milliseconds: clock).epochMS(in: zone)
        else { throw Fault(text: "is outside the calendar") }
        return instant
    }

    private mutating func timeOfDay() throws(Fault) -> Int {
        var clock = try part(0...23, "hour") * 3_600_000
        guard take(":") else { return clock }
        clock += try part(0...59, "minute") * 60_000
        guard take(":") else { return clock }
        clock += try part(0...59, "second") * 1_000
        guard take(".") else { return clock }
        let start = position
        guard var fraction = try digits(1...3) else { throw Fault(text: "has a bad fraction of a second") }
        for _ in (position - start)..<3 { fraction *= 10 }
        return clock + fraction
    }

    /// `Z` or `+hh:mm`, in seconds; nil if there is none.
    private mutating func offset() throws(Fault) -> Int? {
        if take("Z") { return 0 }
        guard position < bytes.count, bytes[position] == 0x2B || bytes[position] == 0x2D else { return nil }
        let sign = bytes[position] == 0x2B ? 1 : -1
        position += 1
        let hours = try part(0...23, "zone hour")
        guard take(":") else { throw Fault(text: "has a zone that isn't +hh:mm") }
        return sign * (hours * 3_600 + (try part(0...59, "zone minute")) * 60)
    }

    private mutating func part(_ bounds: ClosedRange<Int>, _ name: String) throws(Fault) -> Int {
        guard let value = try digits(2...2) else { throw Fault(text: "needs two digits for the \(name)") }
        guard bounds.contains(value) else { throw Fault(text: "has a \(name) out of bounds") }
        return value
    }

    /// The number at the position; nil without consuming anything if it has too few digits.
    private mutating func digits(_ count: ClosedRange<Int>) throws(Fault) -> Int? {
        let run = bytes[position...].prefix { (0x30...0x39).contains($0) }
        guard run.count >= count.lowerBound else { return nil }
        guard run.count <= count.upperBound else { throw Fault(text: "has too many digits in a number") }
        position += run.count
        return Int(String(decoding: run, as: UTF8.self))
    }

    private mutating func unit() throws(Fault) -> DateUnit {
        let isFiscal = take("f")
        guard position < bytes.count else { throw Fault(text: "ends where a unit should be") }
        let letter = bytes[position]
        position += 1
        switch (isFiscal, letter) {
        case (true, 0x79): return .fiscalYear
        case (true, 0x51): return .fiscalQuarter
        case (false, 0x79): return .year
        case (false, 0x51): return .quarter
        case (false, 0x4D): return .month
        case (false, 0x77): return .week
        case (false, 0x64): return .day
        case (false, 0x62): return .businessDay
        case (false, 0x68), (false, 0x48): return .hour
        case (false, 0x6D): return .minute
        case (false, 0x73): return .second
        default: throw Fault(text: "has an unknown unit at position \(position) (known: y fy Q fQ M w d b h m s)")
        }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        guard bytes.count - position >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where bytes[position + index] != text.utf8Start[index] { return false }
        position += text.utf8CodeUnitCount
        return true
    }
}
