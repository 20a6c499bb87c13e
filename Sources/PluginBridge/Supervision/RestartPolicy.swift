/// When a plugin that ended is started again: at once the first time, then ever later, with jitter.
struct RestartPolicy {
    /// The delay after the second failure in a row, seconds.
    static let firstDelay = 0.2
    /// The longest delay, seconds.
    static let longestDelay = 60.0
    /// A plugin that has run so long is taken for stable, seconds.
    static let stableTime = 60.0
    /// From so many failures in a row on a plugin counts as crash-looping.
    static let crashLoop = 5

    /// Failures in a row.
    private(set) var failures = 0

    /// Whether the plugin is crash-looping.
    var isCrashLooping: Bool { failures >= Self.crashLoop }

    /// Notes that an instance ended and says how long to wait, in seconds.
    ///
    /// - Parameters:
    ///   - lifetime: how long the instance was ready; 0 when it never was.
    ///   - random: a number from 0 to 1.
    mutating func ended(after lifetime: Double, random: Double) -> Double {
        if lifetime >= Self.stableTime { failures = 0 }
        failures += 1
        guard failures > 1 else { return 0 }
        var delay = Self.firstDelay
        for _ in 2..<max(3, min(failures, 16)) where failures > 2 { delay *= 2 }
        return min(delay, Self.longestDelay) * (0.8 + 0.4 * min(max(random, 0), 1))
    }
}
