import DataPlaneAPI
import NIOCore
import Synchronization

/// Bounds the connections of one listener over all its event loops.
///
/// Who comes when there are as many as there may be takes the place of the connection that has been idle for longest; when
/// none is idle, it is refused.
final class ConnectionBound: Sendable {
    /// The setting that bounds them.
    static let setting = "connection-limit"

    /// The most connections.
    let limit: Int
    /// So many more may be told that they are refused.
    private let told: Int
    private let open = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let contexts = PerLoop<Weak>.Register()

    private struct Weak {
        weak var context: LoopContext?
    }

    init(limit: Int) {
        self.limit = limit
        told = 64 + limit / 16
    }

    /// How many were refused so far.
    var refusals: Int { refused.load(ordering: .relaxed) }

    /// Counts the connections of a loop's context too; call on the loop.
    func include(_ context: LoopContext) {
        context.bound = self
        contexts.add(Weak(context: context), on: context.loop)
    }

    /// What is to be done about a new connection.
    enum Verdict { case fits, tooMany, farTooMany }

    /// Counts a new connection.
    func opened() -> Verdict {
        let now = open.add(1, ordering: .relaxed).newValue
        return now <= limit ? .fits : now <= limit + told ? .tooMany : .farTooMany
    }

    func closed() { open.subtract(1, ordering: .relaxed) }
    func isRefused() { refused.add(1, ordering: .relaxed) }

    /// Closes the connection of all loops that has been idle for longest; call on one of the loops.
    ///
    /// - Parameter done: called on that loop, with whether there was one.
    func closeOldest(from loop: any EventLoop, _ done: @escaping (Bool) -> Void) {
        let bound = NIOLoopBound(done, eventLoop: loop)
        let contexts = contexts.values
        ask(contexts, 0, oldest: nil) { found in
            guard let found else { return loop.execute { bound.value(false) } }
            contexts.run(at: found) { place in
                let isClosed = place.context?.closeOldestIdle() ?? false
                loop.execute { bound.value(isClosed) }
            }
        }
    }

    /// Asks one loop after the other how long its oldest idle connection has been so; gives the place of the loop.
    private func ask(
        _ contexts: PerLoop<Weak>, _ index: Int, oldest: (place: Int, since: NIODeadline)?,
        _ done: @escaping @Sendable (Int?) -> Void
    ) {
        guard index < contexts.count else { return done(oldest?.place) }
        contexts.run(at: index) { place in
            var oldest = oldest
            if let since = place.context?.oldestIdle, since < oldest?.since ?? .distantFuture {
                oldest = (index, since)
            }
            self.ask(contexts, index + 1, oldest: oldest, done)
        }
    }

    /// What those are told that are refused.
    var refusal: GatewayError {
        GatewayError(
            .serviceUnavailable,
            "\(limit) connections are open already and all are in use (setting \(Self.setting)); try again later",
            source: .gateway, retryAfterSeconds: 1)
    }
}

/// Finds the connections of a loop that have been idle for longest, without looking at all of them each time.
struct IdleFinder {
    private struct Candidate {
        weak var connection: ServerConnection?
        let since: NIODeadline
    }

    /// The oldest at the end.
    private var candidates: [Candidate] = []
    /// When nothing was found; there is nothing to be found again at once.
    private var emptyAt: UInt32?

    /// Idle connections that are as good as new are left alone for so long.
    private static let grace = TimeAmount.seconds(1)

    /// The oldest idle connection.
    mutating func oldest(
        of all: [ObjectIdentifier: ServerConnection], tick: UInt32
    ) -> (connection: ServerConnection, since: NIODeadline)? {
        if let known = last() { return known }
        guard emptyAt != tick else { return nil }
        let now = NIODeadline.now()
        var idle = all.values.compactMap { connection -> (connection: ServerConnection, since: NIODeadline)? in
            guard let since = connection.idleSince, connection.hasServed || since + Self.grace < now else { return nil }
            return (connection, since)
        }
        guard !idle.isEmpty else {
            emptyAt = tick
            return nil
        }
        idle.sort { $0.since > $1.since }
        candidates = idle.suffix(max(64, idle.count / 8)).map { Candidate(connection: $0.connection, since: $0.since) }
        return last()
    }

    /// What was found before and is still so.
    private mutating func last() -> (connection: ServerConnection, since: NIODeadline)? {
        while let candidate = candidates.last {
            if let connection = candidate.connection, connection.idleSince == candidate.since {
                return (connection, candidate.since)
            }
            candidates.removeLast()
        }
        return nil
    }
}
