import DataPlaneAPI
import RPC
import Testing

@testable import PluginBridge

/// When the one call behind all listeners is made, made again, and ended.
struct FeedStateTests {
    private static let outage = GatewayError(.serviceUnavailable, "down")
    private static let died = GRPCError(code: .unavailable, message: "socket closed")

    /// A stream with a number of listeners, running.
    private func running(_ listeners: Int = 1) -> FeedState {
        var state = FeedState(lingerMS: 5000, outageMS: 60_000)
        for _ in 0..<listeners { _ = state.joined(now: 0) }
        return state
    }

    private func finish(_ state: inout FeedState, run: Int, _ error: GRPCError?, now: Int = 10) -> [FeedState.Action] {
        state.finished(run: run, error, pluginID: "p", now: now, random: 0.5)
    }

    @Test func `the first listener starts the call and the others only listen`() {
        var state = FeedState(lingerMS: 5000, outageMS: 60_000)
        #expect(state.joined(now: 0) == [.run(1)])
        #expect(state.joined(now: 1) == [])
        #expect(state.isCurrent(run: 1) && !state.isCurrent(run: 2))
    }

    @Test func `after the last listener the call lingers, then it is cancelled`() {
        var state = running(2)
        #expect(state.left() == [])
        #expect(state.left() == [.wake(after: 5000, token: 1)])
        #expect(state.fired(token: 1, Self.outage, now: 5000) == [.cancel, .forget])
        #expect(state.isOver)
        #expect(state.joined(now: 6000) == [])
    }

    @Test func `a listener that comes in time keeps the call`() {
        var state = running()
        #expect(state.left() == [.wake(after: 5000, token: 1)])
        #expect(state.joined(now: 100) == [])
        #expect(state.fired(token: 1, Self.outage, now: 5000) == [])
        #expect(state.left() == [.wake(after: 5000, token: 2)])
        #expect(state.fired(token: 2, Self.outage, now: 9000) == [.cancel, .forget])
    }

    @Test func `a good end ends the stream`() {
        var state = running()
        #expect(finish(&state, run: 1, nil) == [.end(.finished)])
        #expect(state.isOver)
    }

    @Test func `failures are tried again with growing delays up to a bound`() {
        var state = running()
        state.delivered()
        var delays: [Int] = []
        var run = 1
        while true {
            let actions = finish(&state, run: run, Self.died)
            guard case .wake(let delay, let token) = actions.first else {
                guard case .end(.failed(let error)) = actions.first else {
                    Issue.record("\(actions)")
                    return
                }
                #expect(error.code == .serviceUnavailable)
                break
            }
            delays.append(delay)
            run += 1
            #expect(state.fired(token: token, Self.outage, now: 0) == [.run(run)])
        }
        #expect(delays.prefix(7) == [100, 200, 400, 800, 1600, 3200, 5000])
        #expect(delays.count == FeedState.failureLimit && delays.dropFirst(7).allSatisfy { $0 == 5000 })
    }

    @Test func `a stream that never said anything is given up after a few tries`() {
        var state = running()
        var delays: [Int] = []
        while delays.count < 100 {
            let run = delays.count + 1
            guard case .wake(let delay, let token) = finish(&state, run: run, Self.died).first else { break }
            delays.append(delay)
            #expect(state.fired(token: token, Self.outage, now: 0) == [.run(run + 1)])
        }
        #expect(delays == [100, 200, 400, 800])
        #expect(state.isOver)
    }

    @Test func `a stream that takes its process along is given up too`() {
        var state = running()
        var tries = 1
        while tries < 100, case .wake = finish(&state, run: tries, Self.died).first {
            #expect(state.pluginIsReady(isSame: false, now: 0) == [.run(tries + 1)])
            tries += 1
        }
        #expect(tries == FeedState.barrenLimit)
    }

    @Test func `a call that ran long enough fails as if for the first time`() {
        var state = running()
        for run in 1...3 {
            let now = run * FeedState.stableMS * 2
            #expect(finish(&state, run: run, Self.died, now: now) == [.wake(after: 100, token: run)])
            #expect(state.fired(token: run, Self.outage, now: now) == [.run(run + 1)])
        }
    }

    @Test(arguments: [
        (GRPCError.Code.notFound, ErrorCode.notFound), (.permissionDenied, .forbidden),
        (.unimplemented, .notImplemented),
        (.invalidArgument, .badRequest),
    ])
    func `an error that another try doesn't mend ends the stream`(code: GRPCError.Code, expected: ErrorCode) {
        var state = running()
        guard case .end(.failed(let error)) = finish(&state, run: 1, GRPCError(code: code, message: "no")).first else {
            Issue.record("the stream goes on")
            return
        }
        #expect(error.code == expected)
    }

    @Test func `listeners wait for a plugin that is down, and not forever`() {
        var state = running()
        #expect(state.refused(run: 1, Self.outage, isMissing: false) == [.wake(after: 60_000, token: 1)])
        #expect(state.pluginIsReady(isSame: false, now: 5) == [.run(2)])
        #expect(state.fired(token: 1, Self.outage, now: 60_000) == [])
        #expect(state.refused(run: 2, Self.outage, isMissing: false) == [.wake(after: 60_000, token: 2)])
        #expect(state.fired(token: 2, Self.outage, now: 0) == [.end(.failed(Self.outage))])
    }

    @Test func `a new instance takes the call over at once, the same one changes nothing`() {
        var state = running()
        #expect(state.pluginIsReady(isSame: true, now: 5) == [])
        #expect(state.pluginIsReady(isSame: false, now: 5) == [.cancel, .run(2)])
        // The end of the cancelled call counts for nothing.
        #expect(finish(&state, run: 1, Self.died) == [])
        #expect(finish(&state, run: 2, Self.died) == [.wake(after: 100, token: 1)])
        #expect(state.pluginIsReady(isSame: true, now: 5) == [])
        #expect(state.pluginIsReady(isSame: false, now: 5) == [.run(3)])
        #expect(state.fired(token: 1, Self.outage, now: 100) == [])
    }

    @Test func `a removed plugin ends the stream`() {
        var state = running()
        #expect(state.pluginIsMissing(Self.outage) == [.cancel, .end(.failed(Self.outage))])
        var waiting = running()
        #expect(waiting.refused(run: 1, Self.outage, isMissing: true) == [.end(.failed(Self.outage))])
    }

    @Test func `changed settings start the call anew`() {
        var state = running()
        #expect(state.settingsChanged(now: 1) == [.cancel, .run(2)])
        var idle = FeedState(lingerMS: 1, outageMS: 1)
        #expect(idle.settingsChanged(now: 1) == [])
    }

    @Test func `nobody is told of an end that nobody waits for`() {
        for error in [nil, Self.died] {
            var state = running()
            _ = state.left()
            #expect(finish(&state, run: 1, error) == [.forget])
        }
    }
}
