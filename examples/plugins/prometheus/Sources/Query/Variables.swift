import PluginKit

/// The variables that only the backend can fill in.
struct Variables {
    let stepMS: Int64
    let rangeMS: Int64

    /// Scrapes are assumed to be so far apart, which `$__rate_interval` has to cover four times.
    private static let scrapeMS: Int64 = 15_000

    /// The expression with `$__interval`, `$__range`, `$__rate_interval` and their kin filled in.
    func replaced(in expression: String) -> String {
        guard expression.contains("$") else { return expression }
        let rate = max(stepMS + Self.scrapeMS, 4 * Self.scrapeMS)
        // Longer names first: one is the beginning of another.
        let values: [(String, String)] = [
            ("__interval_ms", "\(stepMS)"), ("__rate_interval", PromDuration.text(rate)),
            ("__range_ms", "\(rangeMS)"), ("__range_s", "\(max(1, rangeMS / 1000))"),
            ("__interval", PromDuration.text(stepMS)), ("__range", "\(max(1, rangeMS / 1000))s"),
        ]
        var text = expression
        for (name, value) in values {
            text = text.replacing("${\(name)}", with: value).replacing("$\(name)", with: value)
        }
        return text
    }
}

/// Durations as Prometheus writes them.
enum PromDuration {
    private static let units: [(String, Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
        ("y", 31_536_000_000),
    ]

    /// `1m30s` in milliseconds; nil for the empty text.
    static func milliseconds(_ text: String) throws -> Int64? {
        var rest = text[...]
        guard !rest.isEmpty, !rest.hasPrefix("$") else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let letters = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let number = Int64(digits), number < 1_000_000_000,
                let unit = units.first(where: { $0.0 == letters })
            else { throw PluginError("interval: \"\(text)\" is no duration such as 30s or 1m30s", status: 400) }
            total = total &+ number &* unit.1
            rest = rest.dropFirst(digits.count + letters.count)
        }
        return total
    }

    /// Milliseconds in the largest unit that loses nothing.
    static func text(_ milliseconds: Int64) -> String {
        let (name, size) = units.last { milliseconds >= $0.1 && milliseconds % $0.1 == 0 } ?? ("ms", 1)
        return "\(milliseconds / size)\(name)"
    }
}
