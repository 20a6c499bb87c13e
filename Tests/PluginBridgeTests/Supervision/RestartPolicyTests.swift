import Testing

@testable import PluginBridge

/// When a plugin that ended is started again.
struct RestartPolicyTests {
    @Test func `the first restart is at once, the next ones wait ever longer up to a limit`() {
        var policy = RestartPolicy()
        var delays: [Double] = []
        for _ in 0..<40 { delays.append(policy.ended(after: 0, random: 0.5)) }
        #expect(delays[0] == 0)
        #expect(Array(delays[1...4]) == [0.2, 0.4, 0.8, 1.6])
        #expect(zip(delays, delays.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(delays[39] == RestartPolicy.longestDelay)
    }

    @Test(arguments: [(-5.0, 0.8), (0.0, 0.8), (1.0, 1.2), (7.0, 1.2)])
    func `jitter stays within a fifth`(random: Double, factor: Double) {
        var policy = RestartPolicy()
        _ = policy.ended(after: 0, random: random)
        #expect(abs(policy.ended(after: 0, random: random) - 0.2 * factor) < 1e-9)
    }

    @Test func `a stable time forgives, and five failures in a row are a crash loop`() {
        var policy = RestartPolicy()
        for _ in 0..<4 { _ = policy.ended(after: 1, random: 0) }
        #expect(!policy.isCrashLooping)
        _ = policy.ended(after: 59, random: 0)
        #expect(policy.isCrashLooping)
        #expect(policy.ended(after: RestartPolicy.stableTime, random: 0) == 0)
        #expect(!policy.isCrashLooping)
    }
}
