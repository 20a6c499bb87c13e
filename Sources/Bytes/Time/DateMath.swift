/// The units of date math, as Grafana writes them.
enum DateUnit {
    case year, fiscalYear, quarter, fiscalQuarter, month, week, day, businessDay, hour, minute, second
}

/// How the local calendar is set up.
package struct CalendarRules: Sendable {
    /// The zone in which days begin and in which times without a zone are meant.
    package var zone: TimeZoneRule
    /// The first day of a week.
    package var weekStart: Weekday
    /// The first month of the fiscal year, 1 to 12; anything else counts as 1.
    package var fiscalYearStartMonth: Int

    /// Creates rules; UTC, weeks from Monday and fiscal years from January are Grafana's defaults.
    package init(zone: TimeZoneRule = .utc, weekStart: Weekday = .monday, fiscalYearStartMonth: Int = 1) {
        self.zone = zone
        self.weekStart = weekStart
        self.fiscalYearStartMonth = (1...12).contains(fiscalYearStartMonth) ? fiscalYearStartMonth : 1
    }

    /// The instant `count` units later; nil on overflow.
    func adding(_ count: Int, _ unit: DateUnit, to instant: Int) -> Int? {
        switch unit {
        case .hour: return scaled(instant, count, 3_600_000)
        case .minute: return scaled(instant, count, 60_000)
        case .second: return scaled(instant, count, 1_000)
        case .day: return adding(days: count, months: 0, to: instant)
        case .week:
            let (days, overflow) = count.multipliedReportingOverflow(by: 7)
            return overflow ? nil : adding(days: days, months: 0, to: instant)
        case .month: return adding(days: 0, months: count, to: instant)
        case .quarter, .fiscalQuarter: return adding(days: 0, monthsOf: 3, times: count, to: instant)
        case .year, .fiscalYear: return adding(days: 0, monthsOf: 12, times: count, to: instant)
        case .businessDay: return adding(businessDays: count, to: instant)
        }
    }

    /// The beginning of the unit that an instant lies in; nil on overflow or for business days.
    func start(of unit: DateUnit, at instant: Int) -> Int? {
        switch unit {
        case .hour: return truncated(instant, 3_600_000)
        case .minute: return truncated(instant, 60_000)
        case .second: return truncated(instant, 1_000)
        case .businessDay: return nil
        default: break
        }
        let local = LocalTime(instant, in: zone)
        guard var date = CivilDate(daysSinceEpoch: local.days) else { return nil }
        switch unit {
        case .week: date.day -= (local.weekday - weekStart.rawValue + 7) % 7
        case .month: date.day = 1
        case .quarter: (date.month, date.day) = ((date.month - 1) / 3 * 3 + 1, 1)
        case .year: (date.month, date.day) = (1, 1)
        case .fiscalYear, .fiscalQuarter:
            let length = unit == .fiscalYear ? 12 : 3
            date.month -= (date.month - fiscalYearStartMonth + 12) % length
            date.day = 1
        default: break
        }
        return date.daysSinceEpoch.flatMap { LocalTime(days: $0, milliseconds: 0).epochMS(in: zone) }
    }

    /// The last millisecond of the unit that an instant lies in.
    func end(of unit: DateUnit, at instant: Int) -> Int? {
        guard let start = start(of: unit, at: instant), let next = adding(1, unit, to: start) else { return nil }
        let (end, overflow) = next.subtractingReportingOverflow(1)
        return overflow ? nil : end
    }

    private func adding(days: Int, monthsOf factor: Int, times count: Int, to instant: Int) -> Int? {
        let (months, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : adding(days: days, months: months, to: instant)
    }

    /// Moves by calendar days and months at the same time of day; days past a month's end carry over, as in Go.
    private func adding(days: Int, months: Int, to instant: Int) -> Int? {
        let local = LocalTime(instant, in: zone)
        guard days.magnitude < 40_000_000, months.magnitude < 1_300_000,
            var date = CivilDate(daysSinceEpoch: local.days)
        else { return nil }
        date.month += months
        date.day += days
        return date.daysSinceEpoch.flatMap {
            LocalTime(days: $0, milliseconds: local.milliseconds).epochMS(in: zone)
        }
    }

    /// Moves by days from Monday to Friday, without walking over every week.
    private func adding(businessDays count: Int, to instant: Int) -> Int? {
        guard count != 0, count.magnitude < 25_000_000 else { return count == 0 ? instant : nil }
        let step = count > 0 ? 1 : -1
        var weekday = LocalTime(instant, in: zone).weekday
        var days = 0
        // From a weekend the first step leads to the same day as from the business day behind us.
        while weekday == 0 || weekday == 6 {
            days -= step
            weekday = (weekday - step + 7) % 7
        }
        days += count / 5 * 7
        for _ in 0..<(count % 5).magnitude {
            repeat {
                days += step
                weekday = (weekday + step + 7) % 7
            } while weekday == 0 || weekday == 6
        }
        return adding(days: days, months: 0, to: instant)
    }

    private func scaled(_ instant: Int, _ count: Int, _ size: Int) -> Int? {
        let (distance, tooBig) = count.multipliedReportingOverflow(by: size)
        let (result, overflow) = instant.addingReportingOverflow(distance)
        return tooBig || overflow ? nil : result
    }

    private func truncated(_ instant: Int, _ size: Int) -> Int? {
        let (result, overflow) = floorDivide(instant, size).multipliedReportingOverflow(by: size)
        return overflow ? nil : result
    }
}
