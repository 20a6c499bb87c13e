import Testing

@testable import Bytes
@testable import DataPlaneAPI

/// One row of the time range cases.
struct TimeRow: Sendable, CustomTestStringConvertible {
    var id: String
    var now: String
    var text: String
    var end: TimeText.End
    var expected: String
    var rules = CalendarRules()

    var testDescription: String { "\(id) \(text) \(end)" }
}

/// America/Chicago in the years the rows use: summer time from the second Sunday of March to the first of November.
let chicago = TimeZoneRule { second in
    guard let date = CivilDate(daysSinceEpoch: floorDivide(second - 6 * 3_600, 86_400)) else { return 0 }
    let sunday = { (month: Int, nth: Int) -> Int in
        let first = CivilDate(year: date.year, month: month, day: 1).daysSinceEpoch ?? 0
        let weekday = LocalTime(days: first, milliseconds: 0).weekday
        return first + (7 - weekday) % 7 + (nth - 1) * 7
    }
    let isSummer = second >= sunday(3, 2) * 86_400 + 8 * 3_600 && second < sunday(11, 1) * 86_400 + 7 * 3_600
    return isSummer ? -5 * 3_600 : -6 * 3_600
}

struct TimeTextTests {
    static let day = "2020-07-26T15:12:56Z"

    @Test(arguments: [
        TimeRow(id: "TR-01", now: day, text: "5m", end: .from, expected: "2020-07-26T15:07:56Z"),
        TimeRow(id: "TR-02", now: day, text: "now", end: .to, expected: day),
        TimeRow(id: "TR-03", now: day, text: "5h", end: .from, expected: "2020-07-26T10:12:56Z"),
        TimeRow(id: "TR-03", now: day, text: "now-10m", end: .to, expected: "2020-07-26T15:02:56Z"),
        TimeRow(id: "TR-04", now: day, text: "7d", end: .from, expected: "2020-07-19T15:12:56Z"),
        TimeRow(
            id: "TR-05", now: "2020-03-26T15:12:56Z", text: "now-1M/M", end: .from, expected: "2020-02-01T00:00:00Z"),
        TimeRow(
            id: "TR-05", now: "2020-03-26T15:12:56Z", text: "now-1M/M", end: .to,
            expected: "2020-02-29T23:59:59.999Z"),
        TimeRow(id: "TR-06", now: "2020-03-26T15:12:56Z", text: "now-3d", end: .from, expected: "2020-03-23T15:12:56Z"),
        TimeRow(id: "TR-06", now: "2020-03-26T15:12:56Z", text: "now+3w", end: .to, expected: "2020-04-16T15:12:56Z"),
        TimeRow(
            id: "TR-07", now: "1994-02-26T14:00:00Z", text: "now/fy", end: .from, expected: "1993-07-01T00:00:00Z",
            rules: .init(fiscalYearStartMonth: 7)),
        TimeRow(
            id: "TR-07", now: "1994-02-26T14:00:00Z", text: "now/fQ", end: .to, expected: "1994-03-31T23:59:59.999Z",
            rules: .init(fiscalYearStartMonth: 7)),
        TimeRow(id: "TR-08", now: day, text: "1960-02-01T07:00:00.000Z", end: .from, expected: "1960-02-01T07:00:00Z"),
        TimeRow(id: "TR-09", now: day, text: "-312915600000", end: .from, expected: "1960-02-01T07:00:00Z"),
        TimeRow(id: "TR-10", now: day, text: "1474973725473", end: .from, expected: "2016-09-27T10:55:25.473Z"),
        TimeRow(
            id: "TR-12", now: day, text: "now-1M/M", end: .from, expected: "2020-06-01T00:00:00-05:00",
            rules: .init(zone: chicago)),
        TimeRow(
            id: "TR-12", now: day, text: "now-1M/M", end: .to, expected: "2020-06-30T23:59:59.999-05:00",
            rules: .init(zone: chicago)),
        TimeRow(
            id: "TR-13", now: day, text: "now-3h", end: .from, expected: "2020-07-26T12:12:56Z",
            rules: .init(zone: chicago)),
        TimeRow(
            id: "TR-13", now: day, text: "now+2h", end: .to, expected: "2020-07-26T17:12:56Z",
            rules: .init(zone: chicago)),
        TimeRow(id: "TR-14", now: day, text: "now-1w/w", end: .from, expected: "2020-07-13T00:00:00Z"),
        TimeRow(id: "TR-14", now: day, text: "now-1w/w", end: .to, expected: "2020-07-19T23:59:59.999Z"),
        TimeRow(
            id: "TR-15", now: day, text: "now-1w/w", end: .from, expected: "2020-07-13T00:00:00-05:00",
            rules: .init(zone: chicago)),
        TimeRow(
            id: "TR-15", now: day, text: "now-1w/w", end: .to, expected: "2020-07-19T23:59:59.999-05:00",
            rules: .init(zone: chicago)),
        TimeRow(
            id: "TR-16", now: day, text: "now-1w/w", end: .from, expected: "2020-07-19T00:00:00-05:00",
            rules: .init(zone: chicago, weekStart: .sunday)),
        TimeRow(
            id: "TR-16", now: day, text: "now-1w/w", end: .to, expected: "2020-07-25T23:59:59.999-05:00",
            rules: .init(zone: chicago, weekStart: .sunday)),
        TimeRow(
            id: "TR-17", now: day, text: "now-1w/w", end: .from, expected: "2020-07-18T00:00:00-05:00",
            rules: .init(zone: chicago, weekStart: .saturday)),
        TimeRow(id: "TR-18", now: day, text: "-5m", end: .from, expected: "2020-07-26T15:17:56Z"),
        TimeRow(id: "TR-19", now: day, text: "1h30m", end: .from, expected: "2020-07-26T13:42:56Z"),
        TimeRow(id: "TR-20", now: day, text: "1M", end: .from, expected: "2020-06-26T04:42:56Z"),
        TimeRow(id: "TR-23", now: day, text: "2024-01-01||+1M/d", end: .from, expected: "2024-02-01T00:00:00Z"),
        TimeRow(id: "TR-23", now: day, text: "2024-01-01||+1M/d", end: .to, expected: "2024-02-01T23:59:59.999Z"),
        TimeRow(id: "half", now: day, text: "1.5h", end: .from, expected: "2020-07-26T13:42:56Z"),
        TimeRow(id: "year", now: day, text: "1y", end: .from, expected: "2019-07-27T09:12:56Z"),
        TimeRow(id: "carry", now: day, text: "2023-01-31||+1M", end: .from, expected: "2023-03-03T00:00:00Z"),
        TimeRow(id: "epoch", now: day, text: "1474973725473||/d", end: .from, expected: "2016-09-27T00:00:00Z"),
        TimeRow(id: "quarter", now: day, text: "now/Q", end: .to, expected: "2020-09-30T23:59:59.999Z"),
        TimeRow(id: "business", now: day, text: "now+6b", end: .from, expected: "2020-08-03T15:12:56Z"),
        TimeRow(id: "business", now: day, text: "now-1b", end: .from, expected: "2020-07-24T15:12:56Z"),
        TimeRow(id: "default 1", now: day, text: "now-d", end: .from, expected: "2020-07-25T15:12:56Z"),
        TimeRow(id: "zone", now: day, text: "2024-01-01T12:30+02:00", end: .from, expected: "2024-01-01T10:30:00Z"),
        TimeRow(
            id: "summer", now: "2020-03-08T18:00:00Z", text: "now/d", end: .to, expected: "2020-03-09T04:59:59.999Z",
            rules: .init(zone: chicago)),
    ])
    func rowsOfTheTimeCases(_ row: TimeRow) throws {
        let now = try TimeText.parse(row.now, .from, now: 0, field: "now")
        let found = try TimeText.parse(row.text, row.end, now: now, rules: row.rules, field: "from")
        let expected = try TimeText.parse(row.expected, .from, now: 0, field: "expected")
        #expect(found == expected)
    }

    @Test(arguments: [
        "asdf", "", " ", "2024-02-30", "2024-13-01", "2024-01-01T00:00:00.123456", "now/b", "now-", "now+1", "now/",
        "now/x", "now-1fd", "5x", "1h30", "now-999999999999999999y", "now-99999999999999999999d",
        "99999999999999999999", "9223372036854775807h", "now 1d", "nowish", "2024-1-1", "2024-01-01T24:00",
        "2024-01-01||", "now-1d/", "12345||+1x", "-7d", ".", ".h", "1..5h", "now+200000y", "\u{0}", "now-1M/M\n",
    ])
    func `TR-11 TR-22 TR-24 TR-25 bad text is a 400 that names the field`(_ text: String) throws {
        if text == "2024-01-01||" {
            #expect(try TimeText.parse(text, .from, now: 0, field: "from") == 1_704_067_200_000)
            return
        }
        let error = try #require(throws: GatewayError.self) {
            try TimeText.parse(text, .to, now: 1_000, field: "queries[0].timeRange.to")
        }
        #expect(error.httpStatus == 400)
        #expect(error.causes.first?.field == "queries[0].timeRange.to")
        #expect(error.message.hasPrefix("queries[0].timeRange.to: "))
    }

    @Test func `TR-21 missing ends have defaults`() throws {
        let now = 1_000_000_000
        #expect(try TimeRange.parse(from: "5m", to: nil, now: now) == TimeRange(fromMS: now - 300_000, toMS: now))
        #expect(try TimeRange.parse(from: "", to: "now", now: now) == nil)
        #expect(TimeRange.recent(now: now) == TimeRange(fromMS: now - 21_600_000, toMS: now))
        #expect(TimeRange.recent(now: .min).fromMS == .min)
        #expect(throws: GatewayError.self) { try TimeRange.parse(from: nil, to: "asdf", now: now) }
    }

    @Test func theCalendarAgreesWithItselfOverEightHundredYears() throws {
        var day = try #require(CivilDate(year: 1600, month: 1, day: 1).daysSinceEpoch)
        for year in 1600..<2400 {
            for month in 1...12 {
                for date in 1...CivilDate.days(inMonth: month, of: year) {
                    let expected = CivilDate(year: year, month: month, day: date)
                    guard CivilDate(daysSinceEpoch: day) == expected, expected.daysSinceEpoch == day else {
                        Issue.record("day \(day) isn't \(expected)")
                        return
                    }
                    day += 1
                }
            }
        }
        #expect(CivilDate(daysSinceEpoch: 0) == CivilDate(year: 1970, month: 1, day: 1))
    }

    @Test func businessDaysAgreeWithWalkingDayByDay() throws {
        let rules = CalendarRules()
        for start in 0..<7 {
            for count in -12...12 where count != 0 {
                var day = start
                for _ in 0..<abs(count) {
                    repeat {
                        day += count.signum()
                    } while [0, 6].contains(LocalTime(days: day, milliseconds: 0).weekday)
                }
                #expect(rules.adding(count, .businessDay, to: start * 86_400_000) == day * 86_400_000)
            }
        }
    }
}
