import Bytes

extension DataPlaneService {
    /// The cells of a table row: Name, Available, Age.
    package func cells(nowMS: Int) -> [JSONValue] {
        [
            .string(metadata.name), .string(availableCell),
            .string(HumanAge.cell(metadata.creationTimestamp, nowMS: nowMS)),
        ]
    }

    /// `True`, `False (Reason)` or `Unknown`.
    package var availableCell: String {
        guard let condition = conditions[Condition.available] else { return Condition.Status.unknown.rawValue }
        let status = condition.status.rawValue
        return condition.status == .isTrue || condition.reason.isEmpty ? status : "\(status) (\(condition.reason))"
    }
}

/// Ages as kubectl prints them.
package enum HumanAge {
    /// The age of an RFC 3339 time; `<unknown>` if there is none.
    package static func cell(_ timestamp: String, nowMS: Int) -> String {
        guard !timestamp.isEmpty,
            let created = try? TimeText.parse(timestamp, .from, now: nowMS, field: "metadata.creationTimestamp"),
            case let (age, overflow) = nowMS.subtractingReportingOverflow(created), !overflow
        else { return "<unknown>" }
        return text(seconds: floorDivide(age, 1_000))
    }

    /// A length of time in at most two units, coarser the longer it is: `95s`, `3m20s`, `5h`, `12d`, `2y30d`.
    package static func text(seconds: Int) -> String {
        // A clock that is up to a second behind isn't worth a word.
        if seconds < -1 { return "<invalid>" }
        if seconds < 120 { return "\(max(seconds, 0))s" }
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400)
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        if hours < 192 { return pair(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        if days < 2_920 { return pair(days / 365, "y", days % 365, "d") }
        return "\(days / 365)y"
    }

    private static func pair(_ big: Int, _ bigUnit: String, _ small: Int, _ smallUnit: String) -> String {
        small == 0 ? "\(big)\(bigUnit)" : "\(big)\(bigUnit)\(small)\(smallUnit)"
    }
}
