import Bytes

/// Reads the texts of `from` and `to`: epoch milliseconds, durations, date math.
package enum TimeText {
    /// Which end of a range a text stands for; roundings go down for `from` and up for `to`.
    package enum End: Sendable, Hashable {
        case from, to
    }

    /// The instant in epoch milliseconds that a text means.
    ///
    /// In this order: an integer is epoch milliseconds; a duration (`5m`, `1h30m`, `7d`, `1M`) counts back from
    /// `now`; else date math (`now-1M/M`, `2024-01-01||+1M/d`). Anything else is a 400 that names `field`, where
    /// Grafana silently takes 1970.
    package static func parse(
        _ text: String, _ end: End, now: Int, rules: CalendarRules = CalendarRules(), field: String
    ) throws(GatewayError) -> Int {
        let bytes = Array(text.utf8)
        if let integer = signedInteger(bytes) { return integer }
        if let duration = DurationText.milliseconds(bytes) {
            let (instant, overflow) = now.subtractingReportingOverflow(duration)
            if !overflow, isRepresentable(instant) { return instant }
            throw bad(text, field, "is outside the calendar")
        }
        var reader = DateMathReader(bytes, now: now, rules: rules, roundUp: end == .to)
        do throws(DateMathReader.Fault) {
            let instant = try reader.instant()
            if isRepresentable(instant) { return instant }
        } catch {
            throw bad(text, field, error.text)
        }
        throw bad(text, field, "is outside the calendar")
    }

    private static func isRepresentable(_ instant: Int) -> Bool {
        CivilDate(daysSinceEpoch: floorDivide(instant, 86_400_000)) != nil
    }

    private static func bad(_ text: String, _ field: String, _ why: String) -> GatewayError {
        .badField(.invalid(field, string: text, "\(why); write epoch milliseconds, a duration or date math (now-6h)"))
    }

    private static func signedInteger(_ bytes: [UInt8]) -> Int? {
        guard let last = bytes.last, (0x30...0x39).contains(last) else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self))
    }
}
