import DataPlaneAPI
import SystemKit

/// Why calls of a plugin are refused, said so that it is true whenever it is read.
package struct PluginDown: Sendable {
    /// The phase that it is in.
    package let phase: PluginPhase
    /// Whether a start has failed, or a process has ended: there is a cause to tell.
    package let hasFailed: Bool
    private let base: GatewayError
    private let next: (monotonic: ContinuousClock.Instant, text: String)?

    /// - Parameters:
    ///   - error: what clients are told, without the time of the next start.
    ///   - nextStart: seconds from now.
    package init(
        _ phase: PluginPhase, _ error: GatewayError, hasFailed: Bool = false, nextStart: Double? = nil
    ) {
        self.phase = phase
        self.hasFailed = hasFailed
        base = error
        next = nextStart.map { (.now + .seconds($0), Self.timeOfDay(in: $0)) }
    }

    /// What clients are told now: how long it is until the next start, also as `Retry-After`.
    package var error: GatewayError {
        guard let next else { return base }
        var error = base
        let left = (next.monotonic - .now) / .seconds(1)
        error.message += left > 0 ? "; next start in \(Self.rounded(left)) s" : "; it is being started again"
        error.retryAfterSeconds = max(1, Int(min(left, 86_400).rounded(.up)))
        return error
    }

    /// What is written down and read later: the time of the next start by the clock.
    package var lastingMessage: String { base.message + (next.map { "; next start at \($0.text)" } ?? "") }

    /// Seconds with one digit after the point, none for whole ones.
    static func rounded(_ seconds: Double) -> String {
        let tenths = Int((min(max(0, seconds), 1e6) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// UTC in RFC 3339, whole seconds, rounded up.
    private static func timeOfDay(in seconds: Double) -> String {
        let delay = Int((min(max(0, seconds), 1e6) * 1_000).rounded(.up))
        // Rounded up to a whole second.
        return WallClock.text(WallClock.milliseconds() + delay + 999, hasMilliseconds: false)
    }
}
