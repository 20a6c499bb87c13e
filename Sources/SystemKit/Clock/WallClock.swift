#if canImport(Glibc)
import Glibc
#endif

/// The time of day.
package enum WallClock {
    /// Milliseconds since 1970.
    package static func milliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec &* 1_000 &+ now.tv_nsec / 1_000_000
    }

    /// Now in RFC 3339, UTC, whole seconds: as objects carry it.
    package static func timestamp() -> String { text(milliseconds(), hasMilliseconds: false) }

    /// A time in RFC 3339, UTC.
    ///
    /// - Parameters:
    ///   - milliseconds: since 1970.
    ///   - hasMilliseconds: whether they are written.
    package static func text(_ milliseconds: Int, hasMilliseconds: Bool) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date =
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
        let time = "\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))"
        return "\(date)T\(time)\(hasMilliseconds ? ".\(padded(milliseconds % 1_000, 3))" : "")Z"
    }

    private static func padded(_ value: Int, _ width: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
