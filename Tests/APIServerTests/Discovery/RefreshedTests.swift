import Testing

@testable import APIServer

struct RefreshedTests {
    private typealias Step = RefreshState<Int>.Step

    private static func make() -> RefreshState<Int> {
        RefreshState { _ in RefreshAges(fresh: .seconds(5), usable: .seconds(60), kept: .seconds(600)) }
    }

    @Test func `who reads waits for what isn't there, not for long, and not behind a failure`() {
        var state = Self.make()
        let start = ContinuousClock.Instant.now
        func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }
        #expect(state.step(at(0), .milliseconds(500)) == Step(begins: true, wait: .milliseconds(500)))
        // Another one joins, and waits for the rest; a late one doesn't wait at all.
        #expect(state.step(at(0.25), .milliseconds(500)) == Step(wait: .milliseconds(250)))
        #expect(state.step(at(1), .milliseconds(500)) == Step())
        state.made(nil, at(2))
        #expect(state.step(at(3), .milliseconds(500)) == Step() && state.shown(at(3)) == nil)
        #expect(state.step(at(4), .milliseconds(500)) == Step(begins: true, wait: .milliseconds(500)))
        state.made(1, at(4.5))
        #expect(state.shown(at(4.5)) == 1)
    }

    @Test func `what is there is shown while a new one is made, and longer where none can be made`() {
        var state = Self.make()
        let start = ContinuousClock.Instant.now
        func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }
        _ = state.step(at(0), .zero)
        state.made(1, at(0))
        #expect(state.step(at(4), .milliseconds(500)) == Step() && state.shown(at(4)) == 1)
        #expect(state.step(at(5), .milliseconds(500)) == Step(begins: true) && state.shown(at(5)) == 1)
        #expect(state.step(at(6), .milliseconds(500)) == Step())
        state.made(nil, at(7))
        #expect(state.step(at(8), .milliseconds(500)) == Step() && state.shown(at(8)) == 1)
        #expect(state.step(at(61), .milliseconds(500)) == Step(begins: true, wait: .milliseconds(500)))
        state.made(nil, at(61.1))
        #expect(state.shown(at(62)) == 1 && state.shown(at(600)) == nil)
        _ = state.step(at(601), .zero)
        state.made(2, at(601))
        #expect(state.shown(at(601)) == 2)
    }

    @Test func `many readers share one making`() async {
        let made = Box(0)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let value = Refreshed<Int> { _ in RefreshAges(fresh: .seconds(5), usable: .seconds(60), kept: .seconds(600)) }
        let readers = (0..<20).map { _ in
            Task {
                await value.value(patience: .seconds(60)) {
                    made.change { $0 + 1 }
                    for await _ in gate {}
                    return 7
                }
            }
        }
        while made.current == 0 { await Task.yield() }
        open.finish()
        for reader in readers { #expect(await reader.value == 7) }
        #expect(made.current == 1)
        // Somebody without patience gets what there is.
        #expect(await value.value(patience: .zero) { 8 } == 7)
    }

    @Test func `one that hangs is answered without`() async {
        let value = Refreshed<Int> { _ in RefreshAges(fresh: .seconds(5), usable: .seconds(60), kept: .seconds(600)) }
        #expect(
            await value.value(patience: .milliseconds(1)) {
                try? await Task.sleep(for: .seconds(30))
                return 1
            } == nil)
    }
}
