import Testing

@testable import PluginBridge

/// What of a plugin's output is logged.
struct LogBudgetTests {
    @Test func `a plugin that writes without end is cut until the window is over`() {
        var budget = LogBudget()
        var logged = 0
        var dropped = 0
        for _ in 0..<100 {
            if budget.judge(bytes: 60_000, now: 5) == .drop { dropped += 1 } else { logged += 1 }
        }
        #expect(logged == LogBudget.bytesPerWindow / 60_064)
        #expect(dropped == 100 - logged)
        #expect(budget.judge(bytes: 10, now: 6) == .log(leftOut: dropped))
        #expect(budget.judge(bytes: 10, now: 6) == .log(leftOut: 0))
    }

    @Test func `empty lines count too, and a line larger than the window is logged once`() {
        var budget = LogBudget()
        var logged = 0
        for _ in 0..<100_000 where budget.judge(bytes: 0, now: 0) != .drop { logged += 1 }
        #expect(logged <= LogBudget.bytesPerWindow / 64 + 1)
        #expect(budget.judge(bytes: .max, now: 1) == .log(leftOut: 100_000 - logged))
        #expect(budget.judge(bytes: 1, now: 1.5) == .drop)
    }

    @Test func `a quiet plugin loses nothing`() {
        var budget = LogBudget()
        for second in 0..<1000 { #expect(budget.judge(bytes: 500, now: Double(second) / 10) == .log(leftOut: 0)) }
    }
}
