import DataPlaneAPI
import NIOCore

/// What a look-up gave.
package enum LookUpAnswer: Sendable {
    /// Addresses, without a port.
    case found([SocketAddress])
    /// There is no such name, or it has no address.
    case absent(String)
    /// Nobody could say, and why.
    case unknown(String)
}

/// Decides which host names are looked up, what is remembered of them and who waits.
///
/// A name is looked up once, however many wait for it. A look-up that runs can't be stopped, so names whose name server is
/// silent may only have a few of the threads, names that nobody knows yet not all of them, and those that were found
/// before always have some.
struct LookUpBoard {
    typealias Waiter = Int
    typealias Outcome = Result<[SocketAddress], GatewayError>

    /// How much there may be of what.
    struct Bounds: Sendable {
        /// Look-ups that run.
        var running = 64
        /// Those of names that have never been found.
        var unknown = 24
        /// Those of names whose name server was silent.
        var silent = 4
        /// Places that are kept for names that were found before.
        var reserve = 8
        /// Whoever waits, all together, and for one name.
        var waiting = 1_024
        var waitingForOne = 256
        /// Names that are remembered.
        var names = 1_024
        /// How long what was found is taken as it is.
        var keeps = TimeAmount.seconds(5)
        /// How long it is still good when nothing newer can be had.
        var lasts = TimeAmount.minutes(10)
        /// The same for failures.
        var keepsFailure = TimeAmount.seconds(2)
        /// How long a silent name server isn't waited for again.
        var keepsSilence = TimeAmount.seconds(5)
    }

    /// What becomes of a question.
    enum Asked {
        case known(Outcome)
        /// It has to wait; when there is something older, not for long.
        case waits(Waiter, hasOlder: Bool)
        case refused(GatewayError)
    }

    private enum Standing: Int { case found, unknown, silent }

    private enum Phase: Equatable {
        case idle
        case queued
        case running
    }

    private struct Entry {
        var phase = Phase.idle
        var standing = Standing.unknown
        var waiters: [Waiter] = []
        /// What is answered until then.
        var outcome: Outcome?
        var until = NIODeadline.uptimeNanoseconds(0)
        /// What was found last, good until then.
        var older: [SocketAddress] = []
        var olderUntil = NIODeadline.uptimeNanoseconds(0)
    }

    private let bounds: Bounds
    private var entries: [String: Entry] = [:]
    private var hosts: [Waiter: String] = [:]
    /// Those of a standing, in the order they were asked for; who waited may be gone.
    private var queues = [CircularBuffer<String>](repeating: CircularBuffer(), count: 3)
    private var running = [0, 0, 0]
    private var lastWaiter = 0

    init(_ bounds: Bounds = Bounds()) {
        self.bounds = bounds
    }

    /// How many wait.
    var waiting: Int { hosts.count }
    /// How many look-ups run.
    var runningCount: Int { running.reduce(0, +) }

    /// Somebody wants to know a name's addresses; `next` must follow.
    mutating func ask(_ host: String, now: NIODeadline) -> Asked {
        if entries[host] == nil { forgetSome(now) }
        var entry = entries[host] ?? Entry()
        if let outcome = entry.outcome, entry.until > now { return .known(outcome) }
        guard hosts.count < bounds.waiting, entry.waiters.count < bounds.waitingForOne else {
            return .refused(Self.full(hosts.count))
        }
        lastWaiter &+= 1
        hosts[lastWaiter] = host
        entry.waiters.append(lastWaiter)
        entry.outcome = nil
        if entry.phase == .idle {
            entry.phase = .queued
            queues[entry.standing.rawValue].append(host)
        }
        let hasOlder = !entry.older.isEmpty && entry.olderUntil > now
        entries[host] = entry
        return .waits(lastWaiter, hasOlder: hasOlder)
    }

    /// The names to look up now; each must be brought to `finish`.
    mutating func next() -> [String] {
        var started: [String] = []
        for standing in [Standing.found, .unknown, .silent] {
            while hasRoom(standing), let host = queues[standing.rawValue].popFirst() {
                let isWanted = entries[host]?.waiters.isEmpty == false
                entries[host]?.phase = isWanted ? .running : .idle
                guard isWanted else { continue }
                running[standing.rawValue] += 1
                started.append(host)
            }
        }
        return started
    }

    private func hasRoom(_ standing: Standing) -> Bool {
        let all = runningCount
        switch standing {
        case .found: return all < bounds.running
        case .unknown: return running[1] < bounds.unknown && all < bounds.running - bounds.reserve
        case .silent: return running[2] < bounds.silent && all < bounds.running - bounds.reserve
        }
    }

    /// A look-up is over; gives who waited for it, and what they are told.
    ///
    /// `next` must follow.
    mutating func finish(_ host: String, _ answer: LookUpAnswer, now: NIODeadline) -> ([Waiter], Outcome) {
        var entry = entries[host] ?? Entry()
        if entry.phase == .running { running[entry.standing.rawValue] -= 1 }
        entry.phase = .idle
        let outcome: Outcome
        switch answer {
        case .found(let addresses):
            outcome = .success(addresses)
            entry.standing = .found
            (entry.older, entry.olderUntil) = (addresses, now + bounds.lasts)
        case .absent(let why):
            outcome = .failure(Self.absent(host, why))
            entry.standing = .unknown
            entry.older = []
        case .unknown(let why):
            // What the name server said before is better than nothing.
            let hasOlder = !entry.older.isEmpty && entry.olderUntil > now
            outcome = hasOlder ? .success(entry.older) : .failure(Self.absent(host, why))
            if !hasOlder { entry.standing = .silent }
        }
        if case .found = answer { entry.until = now + bounds.keeps } else { entry.until = now + bounds.keepsFailure }
        entry.outcome = outcome
        let waiters = entry.waiters
        entry.waiters = []
        for waiter in waiters { hosts[waiter] = nil }
        entries[host] = entry
        return (waiters, outcome)
    }

    /// Whoever waits doesn't any more.
    mutating func leave(_ waiter: Waiter) {
        guard let host = hosts.removeValue(forKey: waiter) else { return }
        entries[host]?.waiters.removeAll { $0 == waiter }
    }

    /// Whoever waits has waited long enough; gives what there is instead.
    ///
    /// `next` must follow: it may make room.
    ///
    /// - Parameter seconds: how long that was, for the message.
    mutating func giveUp(_ waiter: Waiter, after seconds: Double, now: NIODeadline) -> Outcome? {
        guard let host = hosts[waiter] else { return nil }
        leave(waiter)
        guard var entry = entries[host] else { return nil }
        let isRunning = entry.phase == .running
        let outcome: Outcome =
            if !entry.older.isEmpty, entry.olderUntil > now {
                .success(entry.older)
            } else {
                .failure(isRunning ? Self.silent(host, seconds) : Self.late(host, seconds, runningCount))
            }
        // That it wasn't its turn says nothing about the name.
        if isRunning {
            running[entry.standing.rawValue] -= 1
            // What was found before has its own places still: it is but one look-up, and others need it.
            if entry.standing == .unknown { entry.standing = .silent }
            running[entry.standing.rawValue] += 1
            (entry.outcome, entry.until) = (outcome, now + bounds.keepsSilence)
        }
        entries[host] = entry
        return outcome
    }

    /// What is known may be out of date: nothing answers there.
    mutating func doubt(_ host: String) {
        entries[host]?.until = .uptimeNanoseconds(0)
    }

    /// Makes room for another name.
    private mutating func forgetSome(_ now: NIODeadline) {
        guard entries.count >= bounds.names else { return }
        entries = entries.filter { _, entry in
            entry.phase != .idle || !entry.waiters.isEmpty || entry.until > now || entry.olderUntil > now
        }
        guard entries.count >= bounds.names else { return }
        entries = entries.filter { _, entry in entry.phase != .idle || !entry.waiters.isEmpty }
    }

    private static func absent(_ host: String, _ why: String) -> GatewayError {
        GatewayError(
            .badGateway, "the host name \(host) does not resolve: \(why)", source: .upstream, retryAfterSeconds: 1)
    }

    private static func full(_ waiting: Int) -> GatewayError {
        GatewayError(
            .serviceUnavailable,
            "\(waiting) requests wait for look-ups of host names already, which is the limit; see whether the name "
                + "servers in /etc/resolv.conf answer", source: .gateway, retryAfterSeconds: 1)
    }

    private static func silent(_ host: String, _ seconds: Double) -> GatewayError {
        GatewayError(
            .gatewayTimeout,
            "the host name \(host) can't be looked up: no name server has answered within \(text(seconds)) s",
            source: .upstream, retryAfterSeconds: 5)
    }

    private static func late(_ host: String, _ seconds: Double, _ running: Int) -> GatewayError {
        GatewayError(
            .gatewayTimeout,
            "the host name \(host) can't be looked up: \(running) look-ups before it have no answer from a name server, "
                + "and it had no turn within \(text(seconds)) s", source: .upstream, retryAfterSeconds: 5)
    }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? "\(Int(seconds))" : "\((seconds * 10).rounded() / 10)"
    }
}
