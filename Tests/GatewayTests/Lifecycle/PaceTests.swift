import SystemKit
import Testing

/// How much is done in a second.
struct PaceTests {
    @Test func `some at once, then so many a second, and some at once again after a rest`() {
        var pace = Pace(rate: 100, burst: 50)
        let start = ContinuousClock.now
        #expect(pace.delay(after: 50, now: start) == .zero)
        #expect(pace.delay(after: 10, now: start) == .milliseconds(100))
        // Whoever waits as told never gets ahead.
        #expect(pace.delay(after: 10, now: start + .milliseconds(100)) == .milliseconds(100))
        #expect(pace.delay(after: 50, now: start + .seconds(60)) == .zero)
        #expect(pace.delay(after: 1, now: start + .seconds(60)) == .milliseconds(10))
    }
}
