import Logging
import Testing

@testable import Gateway

/// A stop ends, whatever it waits for, and never in a trap.
struct StopGuardTests {
    private func guardian(patience: Int) -> (StopGuard, AsyncStream<Int32>) {
        let (exits, exit) = AsyncStream<Int32>.makeStream()
        return (StopGuard(logger: Logger(label: "test"), patience: patience) { exit.yield($0) }, exits)
    }

    @Test func `a stop that takes too long while it runs is a failure, while it starts none`() async {
        for isRunning in [false, true] {
            let (stop, exits) = guardian(patience: 0)
            if isRunning { stop.runs(patience: 0) }
            stop.step("plugins")
            stop.begin()
            for await code in exits {
                #expect(code == (isRunning ? 1 : 0))
                break
            }
        }
    }

    @Test func `a stop that has ended is left alone`() async throws {
        let (stop, exits) = guardian(patience: 1)
        stop.begin()
        stop.done()
        let other = guardian(patience: 1)
        other.0.begin()
        // The later one's time is over after this one's.
        for await _ in other.1 { break }
        let first = Task { await exits.first { _ in true } }
        first.cancel()
        #expect(await first.value == nil)
    }

    @Test func `a wait for a task ends with it or with its time`() async {
        let quick = Task<Void, Never> {}
        await quick.wait(atMost: 60)
        let slow = Task<Void, Never> { try? await Task<Never, Never>.sleep(for: .seconds(60)) }
        let start = ContinuousClock.now
        await slow.wait(atMost: 0.05)
        #expect(ContinuousClock.now - start < .seconds(30))
        slow.cancel()
    }
}
