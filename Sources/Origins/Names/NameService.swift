import DataPlaneAPI
import NIOCore
import NIOPosix
import Synchronization

/// Looks host names up for all event loops: one look-up per name, remembered shortly, and nobody waits for ever.
///
/// Look-ups block and can't be stopped, so each has a thread of its own for as long as it takes; `LookUpBoard` says how
/// many there may be. Probes have a service apart from that of requests.
package final class NameService: Sendable {
    /// Finds the addresses of a name; may take its time.
    package typealias LookUp = @Sendable (_ host: String) -> LookUpAnswer

    /// Nobody waits longer than this for something newer than what is known, milliseconds.
    private static let patienceMS: Int64 = 500

    private struct State {
        var board: LookUpBoard
        /// Told from any thread.
        var waiters: [Int: @Sendable (LookUpBoard.Outcome) -> Void] = [:]
        var isStopped = false
    }

    private let state: Mutex<State>
    private let lookUp: LookUp

    /// A service that asks the system, as `/etc/nsswitch.conf` says.
    package convenience init() { self.init(lookUp: SystemResolver.lookUp) }

    /// A service that asks somebody else.
    package convenience init(lookUp: @escaping LookUp) { self.init(LookUpBoard.Bounds(), lookUp: lookUp) }

    init(_ bounds: LookUpBoard.Bounds, lookUp: @escaping LookUp) {
        state = Mutex(State(board: LookUpBoard(bounds)))
        self.lookUp = lookUp
    }

    /// How many wait for a look-up.
    package var waiting: Int { state.withLock { $0.board.waiting } }

    /// Finds the addresses of a host; call on the loop.
    ///
    /// - Parameters:
    ///   - host: a name, or an address as it is written.
    ///   - milliseconds: for all of it.
    ///   - done: called once on the loop, maybe at once; with 504 when there is no answer in time, 502 when there is no such
    ///     name, and 503 when too many wait.
    func addresses(
        of host: String, port: Int, milliseconds: Int, on loop: any EventLoop,
        _ done: @escaping (LookUpBoard.Outcome) -> Void
    ) {
        func ported(_ outcome: LookUpBoard.Outcome) -> LookUpBoard.Outcome {
            outcome.map { addresses in
                addresses.map { address in
                    var address = address
                    address.port = port
                    return address
                }
            }
        }
        if let literal = try? SocketAddress(ipAddress: host, port: port) { return done(.success([literal])) }
        let wait = LoopWait { done(ported($0)) }
        let bound = NIOLoopBound(wait, eventLoop: loop)
        let (asked, started) = state.withLock { state in
            let asked = state.board.ask(host, now: .now())
            if case .waits(let waiter, _) = asked {
                state.waiters[waiter] = { outcome in loop.execute { bound.value.finish(outcome) } }
            }
            return (asked, state.board.next())
        }
        start(started)
        switch asked {
        case .known(let outcome): done(ported(outcome))
        case .refused(let error): done(.failure(error))
        case .waits(let waiter, let hasOlder):
            let time = hasOlder ? min(Int64(milliseconds), Self.patienceMS) : Int64(milliseconds)
            wait.timer = loop.scheduleTask(in: .milliseconds(time)) {
                if let outcome = self.giveUp(waiter, after: Double(time) / 1000) { bound.value.finish(outcome) }
            }
        }
    }

    /// Nothing answers where a name led: the next one looks it up anew.
    func doubt(_ host: String) { state.withLock { $0.board.doubt(host) } }

    /// Tells nobody anything any more; look-ups that run end by themselves.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            state.waiters = [:]
        }
    }

    private func giveUp(_ waiter: Int, after seconds: Double) -> LookUpBoard.Outcome? {
        let (outcome, started) = state.withLock { state in
            state.waiters[waiter] = nil
            return (state.board.giveUp(waiter, after: seconds, now: .now()), state.board.next())
        }
        start(started)
        return outcome
    }

    private func start(_ hosts: [String]) {
        for host in hosts {
            let isStarted = DetachedThread.start { self.finish(host, self.lookUp(host)) }
            if !isStarted { finish(host, .unknown("there is no thread for it; see the process's limits")) }
        }
    }

    private func finish(_ host: String, _ answer: LookUpAnswer) {
        let (told, outcome, started) = state.withLock { state in
            let (waiters, outcome) = state.board.finish(host, answer, now: .now())
            let told = waiters.compactMap { state.waiters.removeValue(forKey: $0) }
            return (told, outcome, state.isStopped ? [] : state.board.next())
        }
        for tell in told { tell(outcome) }
        start(started)
    }
}

/// Somebody on a loop who waits until there is an answer or the time is over, whichever comes first.
private final class LoopWait {
    var done: ((LookUpBoard.Outcome) -> Void)?
    var timer: Scheduled<Void>?

    init(done: @escaping (LookUpBoard.Outcome) -> Void) {
        self.done = done
    }

    func finish(_ outcome: LookUpBoard.Outcome) {
        guard let done else { return }
        self.done = nil
        timer?.cancel()
        timer = nil
        done(outcome)
    }
}

/// Addresses that were found already, for NIO's connector: what was checked is what is connected to.
final class FoundAddresses: Resolver, Sendable {
    private let four: EventLoopFuture<[SocketAddress]>
    private let six: EventLoopFuture<[SocketAddress]>

    init(_ addresses: [SocketAddress], loop: any EventLoop) {
        four = loop.makeSucceededFuture(addresses.filter { $0.protocol == .inet })
        six = loop.makeSucceededFuture(addresses.filter { $0.protocol == .inet6 })
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { four }
    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { six }
    func cancelQueries() {}
}
