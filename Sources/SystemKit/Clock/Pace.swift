/// Bounds how much is done in a second, so that what has time leaves the processors to what has none.
package struct Pace: Sendable {
    private let rate: Double
    private let burst: Double
    private var level: Double
    private var last: ContinuousClock.Instant?

    /// - Parameters:
    ///   - rate: so many a second.
    ///   - burst: so many at once, after a rest.
    package init(rate: Double, burst: Double) {
        self.rate = max(rate, 0.001)
        self.burst = burst
        level = burst
    }

    /// Notes that so many are done, and says how long to wait before the next.
    package mutating func delay(after count: Int, now: ContinuousClock.Instant = .now) -> Duration {
        if let last { level = min(burst, level + (now - last) / .seconds(1) * rate) }
        last = now
        level -= Double(count)
        return level >= 0 ? .zero : .seconds(-level / rate)
    }
}
