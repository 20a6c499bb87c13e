import PluginKit

/// The variables that only the backend can fill in.
struct Variables {
    let stepMS: Int64
    let rangeMS: Int64
    let rateMS: Int64

    /// The expression with `$__interval`, `$__range`, `$__rate_interval` and their kin filled in.
    func replaced(in expression: String) -> String {
        guard expression.contains("$") else { return expression }
        let seconds = max(1, (rangeMS + 500) / 1000)
        // Longer names first: one is the beginning of another.
        let values: [(String, String)] = [
            ("__rate_interval_ms", "\(rateMS)"), ("__rate_interval", PromDuration.text(rateMS)),
            ("__interval_ms", "\(stepMS)"), ("__interval", PromDuration.text(stepMS)),
            ("__range_ms", "\(rangeMS)"), ("__range_s", "\(seconds)"), ("__range", "\(seconds)s"),
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

    /// `1m30s` or `1.5m` in milliseconds, a bare number as seconds; nil for the empty text and for variables.
    ///
    /// - Parameter field: what a message calls it.
    static func milliseconds(_ text: String, field: String) throws -> Int64? {
        // Grafana's settings allow a sign that says "at least".
        var rest = text.filter { !$0.isWhitespace }.drop { $0 == ">" || $0 == "<" }
        guard !rest.isEmpty, !rest.hasPrefix("$") else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let letters = rest.dropFirst(digits.count).prefix { $0.isLetter }
            let isBare = letters.isEmpty && digits.count == rest.count && total == 0
            guard let number = Double(digits), number < 1e9,
                let unit = isBare ? 1000 : units.first(where: { $0.0 == letters })?.1
            else { throw PluginError.user("\(field): \"\(text)\" is no duration such as 30s or 1m30s") }
            total += number * Double(unit)
            rest = rest.dropFirst(digits.count + letters.count)
        }
        guard total < 1e12 else { throw PluginError.user("\(field): \"\(text)\" is too long") }
        return Int64(total)
    }

    /// Milliseconds in the largest unit that loses nothing.
    static func text(_ milliseconds: Int64) -> String {
        let (name, size) = units.last { milliseconds >= $0.1 && milliseconds % $0.1 == 0 } ?? ("ms", 1)
        return "\(milliseconds / size)\(name)"
    }
}
