/// Where local time lies against UTC.
///
/// Pluggable, since the tables of named zones need the operating system.
package struct TimeZoneRule: Sendable {
    /// The offset in seconds east of UTC that is in force at an instant, given in seconds since 1970.
    package let offset: @Sendable (_ epochSeconds: Int) -> Int

    /// Creates a rule from a function; offsets beyond a day are taken as a day.
    package init(_ offset: @escaping @Sendable (_ epochSeconds: Int) -> Int) {
        self.offset = { max(-86_400, min(86_400, offset($0))) }
    }

    /// A zone with one offset for all times, in seconds east of UTC.
    package static func fixed(_ seconds: Int) -> TimeZoneRule { TimeZoneRule { _ in seconds } }

    /// Coordinated universal time.
    package static let utc = fixed(0)
}

/// A day of the week.
package enum Weekday: Int, Sendable, Hashable {
    case sunday, monday, tuesday, wednesday, thursday, friday, saturday
}

/// A local time: days since 1970-01-01 and milliseconds of the day, as a clock on the wall shows it.
struct LocalTime {
    var days: Int
    var milliseconds: Int

    private static let millisecondsPerDay = 86_400_000

    /// What the clock shows at an instant.
    init(_ epochMS: Int, in zone: TimeZoneRule) {
        let offset = zone.offset(floorDivide(epochMS, 1_000)) * 1_000
        // A zone's offset can't overflow an instant the calendar knows; others are refused by `CivilDate`.
        let local = epochMS.addingReportingOverflow(offset).partialValue
        days = floorDivide(local, Self.millisecondsPerDay)
        milliseconds = local - days * Self.millisecondsPerDay
    }

    init(days: Int, milliseconds: Int) {
        self.days = days
        self.milliseconds = milliseconds
    }

    /// The weekday; day 0 was a Thursday.
    var weekday: Int { (days % 7 + 11) % 7 }

    /// The instant at which the clock shows this; in the gap of a change of clocks a time close by, as Go chooses it.
    func epochMS(in zone: TimeZoneRule) -> Int? {
        let (dayMS, tooBig) = days.multipliedReportingOverflow(by: Self.millisecondsPerDay)
        let (local, overflow) = dayMS.addingReportingOverflow(milliseconds)
        guard !tooBig, !overflow else { return nil }
        let first = zone.offset(floorDivide(local, 1_000)) * 1_000
        let (guess, guessOverflow) = local.subtractingReportingOverflow(first)
        guard !guessOverflow else { return nil }
        let second = zone.offset(floorDivide(guess, 1_000)) * 1_000
        let (instant, instantOverflow) = local.subtractingReportingOverflow(second)
        return instantOverflow ? nil : instant
    }
}
