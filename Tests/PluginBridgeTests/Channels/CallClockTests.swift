import NIOCore
import NIOEmbedded
import Testing

@testable import PluginBridge

/// The clock of a call, in a time that tests turn.
struct CallClockTests {
    private final class Rings {
        var count = 0
    }

    private let loop = EmbeddedEventLoop()
    private let rings = Rings()

    private func clock(_ seconds: Int) -> CallClock {
        CallClock(loop, seconds: seconds) { [rings] in rings.count += 1 }
    }

    @Test func `it rings once, when its time is up`() {
        let clock = clock(5)
        loop.advanceTime(by: .milliseconds(4999))
        #expect(rings.count == 0)
        loop.advanceTime(by: .milliseconds(1))
        #expect(rings.count == 1)
        clock.restart(seconds: 1)
        loop.advanceTime(by: .seconds(60))
        #expect(rings.count == 1)
    }

    @Test func `starting anew puts it off, or brings it forward`() {
        let clock = clock(5)
        for _ in 0..<10 {
            loop.advanceTime(by: .seconds(4))
            clock.restart(seconds: 5)
        }
        #expect(rings.count == 0)
        clock.restart(seconds: 1)
        loop.advanceTime(by: .seconds(1))
        #expect(rings.count == 1)
    }

    @Test func `a pause lasts until it is started anew`() {
        let clock = clock(5)
        clock.pause()
        loop.advanceTime(by: .seconds(60))
        #expect(rings.count == 0)
        clock.restart(seconds: nil)
        loop.advanceTime(by: .seconds(60))
        #expect(rings.count == 0)
        clock.restart(seconds: 2)
        loop.advanceTime(by: .seconds(2))
        #expect(rings.count == 1)
    }

    @Test func `a cancelled one never rings and holds nothing`() {
        weak var held: Rings?
        let clock: CallClock
        do {
            let rings = Rings()
            held = rings
            clock = CallClock(loop, seconds: 5) { rings.count += 1 }
        }
        #expect(held != nil)
        clock.cancel()
        #expect(held == nil)
        clock.restart(seconds: 1)
        loop.advanceTime(by: .seconds(60))
    }
}
