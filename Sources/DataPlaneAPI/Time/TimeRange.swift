import Bytes

/// A range of time in epoch milliseconds.
package struct TimeRange: Sendable, Hashable {
    /// The first instant.
    package var fromMS: Int
    /// The last instant.
    package var toMS: Int

    /// Creates a range.
    package init(fromMS: Int, toMS: Int) {
        self.fromMS = fromMS
        self.toMS = toMS
    }

    /// The range for a request that gives none: the last six hours, as Grafana's query service takes it.
    package static func recent(now: Int) -> TimeRange {
        let (from, overflow) = now.subtractingReportingOverflow(6 * 3_600_000)
        return TimeRange(fromMS: overflow ? .min : from, toMS: now)
    }

    /// The range of a `from` and a `to`, where nil and the empty text mean "not given"; both read the same `now`.
    ///
    /// Without `to` the range ends now. Without `from` there is no range, also when there is a `to` (it is checked
    /// nevertheless): nil. `path` is what stands before `from` and `to` in errors.
    package static func parse(
        from: String?, to: String?, now: Int, rules: CalendarRules = CalendarRules(), path: String = ""
    ) throws(GatewayError) -> TimeRange? {
        var end: Int?
        if let to, !to.isEmpty {
            end = try TimeText.parse(to, .to, now: now, rules: rules, field: JSONValue.join(path, "to"))
        }
        guard let from, !from.isEmpty else { return nil }
        let start = try TimeText.parse(from, .from, now: now, rules: rules, field: JSONValue.join(path, "from"))
        return TimeRange(fromMS: start, toMS: end ?? now)
    }
}
