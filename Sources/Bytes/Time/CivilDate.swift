/// A day of the proleptic Gregorian calendar.
package struct CivilDate: Sendable, Hashable {
    /// The year, astronomically counted: 0 is 1 BC.
    package var year: Int
    /// The month from 1.
    package var month: Int
    /// The day of the month from 1.
    package var day: Int

    /// The years the calendar works for; beyond them every result is nil.
    static let years = -100_000...100_000

    /// Creates a date; the parts aren't checked.
    package init(year: Int, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// The date that lies this many days after 1970-01-01; nil beyond the years of the calendar.
    package init?(daysSinceEpoch days: Int) {
        guard days.magnitude < 36_600_000 else { return nil }
        // Counted from 0000-03-01, so that the leap day is the last day of a year, in cycles of 400 years.
        let shifted = days + 719_468
        let cycle = floorDivide(shifted, 146_097)
        let dayOfCycle = shifted - cycle * 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0)
    }

    /// The days since 1970-01-01; nil beyond the years of the calendar.
    ///
    /// Months and days outside their bounds carry over, as Go's `time.Date` does: February 30 is March 1 or 2.
    package var daysSinceEpoch: Int? {
        guard Self.years.contains(year), month.magnitude < 2_000_000, day.magnitude < 100_000_000 else { return nil }
        let carried = floorDivide(month - 1, 12)
        let normalMonth = month - carried * 12
        let shiftedYear = year + carried - (normalMonth <= 2 ? 1 : 0)
        let cycle = floorDivide(shiftedYear, 400)
        let yearOfCycle = shiftedYear - cycle * 400
        let dayOfYear = (153 * (normalMonth > 2 ? normalMonth - 3 : normalMonth + 9) + 2) / 5 + day - 1
        let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
        return cycle * 146_097 + dayOfCycle - 719_468
    }

    /// The number of days of a month from 1 to 12.
    package static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}

/// Division that rounds towards minus infinity; the divisor is a positive constant.
@inline(__always)
package func floorDivide(_ value: Int, _ divisor: Int) -> Int {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
}
