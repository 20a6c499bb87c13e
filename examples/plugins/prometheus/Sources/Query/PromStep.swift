import PluginKit

/// The distance between the points of a range query, worked out as Grafana does.
struct PromStep {
    /// The distance.
    let milliseconds: Int64
    /// What `$__rate_interval` stands for: at least four points of the data source, so that a rate has two at hand
    /// whatever is missed.
    let rateMS: Int64

    /// Prometheus refuses more points per series.
    static let mostPoints: Int64 = 11_000
    /// The distance of a data source's points where nobody says it: Prometheus' own default.
    static let defaultScrapeMS: Int64 = 15_000

    /// - Parameters:
    ///   - interval: `interval` of the query, the least distance: a duration, a variable, or empty.
    ///   - intervalMS: what the panel's width makes of the range; nil when nobody says.
    ///   - scrapeMS: `jsonData.timeInterval` of the data source.
    ///   - factor: `intervalFactor` of the query.
    init(
        rangeMS: Int64, points: Int64, interval: String, intervalMS: Int64?, scrapeMS: Int64?, factor: Int64
    ) throws {
        let own = try PromDuration.milliseconds(interval, field: "interval").flatMap { $0 > 0 ? $0 : nil }
        let least: Int64
        if let own {
            least = own
        } else if let intervalMS, intervalMS > 0 {
            least = max(intervalMS, scrapeMS ?? 0)
        } else {
            least = scrapeMS ?? Self.defaultScrapeMS
        }
        let wanted = rangeMS / max(1, points)
        let chosen = wanted < least ? least : max(least, Self.round(wanted))
        let safe = Self.roundUp((rangeMS + Self.mostPoints - 1) / Self.mostPoints)
        let step = max(chosen, safe, 1)
        let scrape = own ?? scrapeMS ?? Self.defaultScrapeMS
        rateMS = max(step + scrape, 4 * scrape)
        milliseconds = Self.isRate(interval) ? rateMS : step * factor
    }

    private static func isRate(_ interval: String) -> Bool {
        interval == "$__rate_interval" || interval == "${__rate_interval}"
    }

    /// Distances that people read well, each with the largest one that is rounded to it.
    private static let steps: [(value: Int64, upTo: Int64)] = [
        (1, 9), (10, 14), (20, 34), (50, 74), (100, 149), (200, 349), (500, 749), (1000, 1499), (2000, 3499),
        (5000, 7499), (10_000, 12_499), (15_000, 17_499), (20_000, 24_999), (30_000, 44_999), (60_000, 89_999),
        (120_000, 209_999), (300_000, 449_999), (600_000, 749_999), (900_000, 1_049_999), (1_200_000, 1_499_999),
        (1_800_000, 2_699_999), (3_600_000, 5_399_999), (7_200_000, 8_999_999), (10_800_000, 16_199_999),
        (21_600_000, 32_399_999), (43_200_000, 86_399_999), (86_400_000, 604_799_999), (604_800_000, 1_814_399_999),
        (2_592_000_000, 3_628_799_999), (31_536_000_000, .max),
    ]

    private static func round(_ milliseconds: Int64) -> Int64 {
        steps.first { milliseconds <= $0.upTo }?.value ?? milliseconds
    }

    /// Never down: one point too many and Prometheus refuses them all.
    private static func roundUp(_ milliseconds: Int64) -> Int64 {
        steps.first { milliseconds <= $0.value }?.value ?? milliseconds
    }
}
