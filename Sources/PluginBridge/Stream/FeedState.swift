import DataPlaneAPI
import PluginProtocol
import RPC

/// The life of the one RunStream call behind any number of listeners, without the call: events in, actions out.
///
/// It runs from the first listener until some time after the last has left, is started again with growing delays when
/// it fails, at once when the plugin was replaced, and never again when the plugin ended it.
struct FeedState {
    /// What the driver shall do.
    enum Action: Equatable {
        /// Start RunStream; its events carry this number.
        case run(Int)
        /// Cancel the present call.
        case cancel
        /// Call `fired` with this token, milliseconds from now.
        case wake(after: Int, token: Int)
        /// Tell every listener, and forget the stream.
        case end(StreamEnding)
        /// Forget the stream: nobody listens.
        case forget
    }

    private enum Phase: Equatable {
        case idle
        case running(Int, since: Int)
        case backingOff(token: Int)
        case awaitingPlugin(token: Int)
        case over
    }

    /// A call that ran so long is not counted as failed again, milliseconds.
    static let stableMS = 5000
    /// The delay after the first failure, milliseconds.
    static let firstDelayMS = 100
    /// The longest delay, milliseconds.
    static let longestDelayMS = 5000
    /// After so many failures in a row the listeners of a stream that once had something to say are sent away.
    static let failureLimit = 20
    /// The same for a stream that never said anything: what it lacks, another try seldom brings.
    ///
    /// They take about 1.5 s.
    static let barrenLimit = 5

    private let lingerMS: Int
    private let outageMS: Int
    private var phase = Phase.idle
    private(set) var listeners = 0
    private var failures = 0
    /// Whether a message ever came.
    private var hasDelivered = false
    private var runs = 0
    private var tokens = 0
    private var lingerToken: Int?

    /// A stream that nobody listens to yet.
    init(lingerMS: Int, outageMS: Int) {
        self.lingerMS = lingerMS
        self.outageMS = outageMS
    }

    /// Whether nothing will come any more.
    var isOver: Bool { phase == .over }

    /// Whether the events of a call still count.
    func isCurrent(run: Int) -> Bool {
        if case .running(run, _) = phase { true } else { false }
    }

    // MARK: Listeners

    mutating func joined(now: Int) -> [Action] {
        guard phase != .over else { return [] }
        listeners += 1
        lingerToken = nil
        return phase == .idle ? [start(now)] : []
    }

    mutating func left() -> [Action] {
        guard phase != .over, listeners > 0 else { return [] }
        listeners -= 1
        guard listeners == 0 else { return [] }
        let token = nextToken()
        lingerToken = token
        return [.wake(after: lingerMS, token: token)]
    }

    // MARK: The call

    /// The call has ended; nil is a good end.
    ///
    /// - Parameter random: a number from 0 to 1, for the delay.
    mutating func finished(run: Int, _ error: GRPCError?, pluginID: String, now: Int, random: Double) -> [Action] {
        guard case .running(run, let since) = phase else { return [] }
        // There is nothing to cancel any more.
        phase = .idle
        guard listeners > 0 else { return close(.forget) }
        guard let error else { return close(.end(.finished)) }
        failures = now - since >= Self.stableMS ? 1 : failures + 1
        let limit = hasDelivered ? Self.failureLimit : Self.barrenLimit - 1
        guard !Self.isFinal(error.code), failures <= limit else {
            let fault =
                error.code == .unimplemented
                ? PluginFault.notImplemented(.runStream, pluginID)
                : PluginFault.error(error, pluginID: pluginID, timeout: 0)
            return close(.end(.failed(fault)))
        }
        var delay = Self.firstDelayMS
        for _ in 1..<max(2, min(failures, 16)) where failures > 1 { delay *= 2 }
        let jitter = 0.8 + 0.4 * min(max(random, 0), 1)
        let token = nextToken()
        phase = .backingOff(token: token)
        return [.wake(after: Int(Double(min(delay, Self.longestDelayMS)) * jitter), token: token)]
    }

    /// A message came.
    mutating func delivered() { hasDelivered = true }

    /// Errors that another try doesn't mend.
    private static func isFinal(_ code: GRPCError.Code) -> Bool {
        [.unimplemented, .notFound, .permissionDenied, .unauthenticated, .invalidArgument].contains(code)
    }

    /// The plugin sent what can't be passed on.
    mutating func broken(run: Int, _ error: GatewayError) -> [Action] {
        guard isCurrent(run: run) else { return [] }
        return close(.end(.failed(error)))
    }

    // MARK: The plugin

    /// The plugin is down, so the call could not be started.
    mutating func refused(run: Int, _ error: GatewayError, isMissing: Bool) -> [Action] {
        guard isCurrent(run: run) else { return [] }
        phase = .idle
        guard !isMissing else { return close(.end(.failed(error))) }
        let token = nextToken()
        phase = .awaitingPlugin(token: token)
        return [.wake(after: outageMS, token: token)]
    }

    /// The plugin's state has changed.
    ///
    /// - Parameter isSame: whether the instance is the one that was called last.
    mutating func pluginIsReady(isSame: Bool, now: Int) -> [Action] {
        switch phase {
        case .awaitingPlugin: return [start(now)]
        case .backingOff where !isSame:
            // A stream that takes the process with it each time is none that a new process mends.
            if hasDelivered { failures = 0 }
            return [start(now)]
        case .running where !isSame: return [.cancel, start(now)]
        default: return []
        }
    }

    /// The plugin was removed.
    mutating func pluginIsMissing(_ error: GatewayError) -> [Action] { close(.end(.failed(error))) }

    /// The settings that the call was started with have changed.
    mutating func settingsChanged(now: Int) -> [Action] {
        switch phase {
        case .running: return [.cancel, start(now)]
        case .backingOff:
            failures = 0
            return [start(now)]
        default: return []
        }
    }

    // MARK: Time and the end

    mutating func fired(token: Int, _ outage: @autoclosure () -> GatewayError, now: Int) -> [Action] {
        if token == lingerToken { return listeners == 0 ? close(.forget) : [] }
        switch phase {
        case .backingOff(token): return [start(now)]
        case .awaitingPlugin(token): return close(.end(.failed(outage())))
        default: return []
        }
    }

    /// Ends it from outside.
    mutating func stop(_ ending: StreamEnding) -> [Action] { close(.end(ending)) }

    private mutating func start(_ now: Int) -> Action {
        runs += 1
        phase = .running(runs, since: now)
        return .run(runs)
    }

    private mutating func close(_ last: Action) -> [Action] {
        guard phase != .over else { return [] }
        let isRunning = if case .running = phase { true } else { false }
        phase = .over
        return isRunning ? [.cancel, last] : [last]
    }

    private mutating func nextToken() -> Int {
        tokens += 1
        return tokens
    }
}
