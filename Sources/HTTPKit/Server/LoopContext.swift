import NIOCore

#if canImport(Glibc)
import Glibc
#endif

/// What the connections of one event loop share: the handler chain, the coarse clock and the register of connections.
package final class LoopContext {
    /// The loop.
    package let loop: any EventLoop
    /// The first handler of the chain.
    package let chain: any ExchangeHandler
    /// Limits of message heads.
    private(set) var limits: HTTPLimits
    /// Time-outs of connections.
    let timeouts: ConnectionTimeouts
    /// What gathered bodies are charged to; nil for nothing.
    let bodies: BodyBudget?
    /// Told about each finished exchange.
    let observer: (any ExchangeObserver)?

    /// Seconds since the start: deadlines of connections are counted in these, so no request reads a clock for them.
    private(set) var tick: UInt32 = 0
    /// The value of the `Date` field in this second.
    private(set) var date: [UInt8] = []
    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var timer: RepeatedTask?
    private var idle = IdleFinder()
    /// Bounds the connections of the listener; nil for one without a bound.
    var bound: ConnectionBound?

    /// Creates a context; call on its loop.
    package init(
        loop: any EventLoop, chain: any ExchangeHandler, limits: HTTPLimits = HTTPLimits(),
        timeouts: ConnectionTimeouts = ConnectionTimeouts(), bodies: BodyBudget? = nil,
        observer: (any ExchangeObserver)? = nil
    ) {
        self.bodies = bodies
        self.loop = loop
        self.chain = chain
        self.limits = limits
        self.timeouts = timeouts
        self.observer = observer
        date = HTTPDate.text(time(nil))
        let bound = NIOLoopBound(WeakContext(self), eventLoop: loop)
        timer = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { task in
            guard let context = bound.value.context else { return task.cancel() }
            context.advance()
        }
    }

    /// Reads other names as claims of an identity from now on, on open connections too; call on the loop.
    package func use(identityNames: IdentityNames) {
        limits.identityNames = identityNames
        for connection in connections.values { connection.use(limits) }
    }

    /// How many connections are open.
    package var openConnections: Int { connections.count }
    /// How many of those are still open that were when `drain` was called.
    package var drainedConnections: Int { connections.values.count { $0.isDrained } }

    /// Takes a new connection in; makes room for it where that is needed, which may take a moment.
    func add(_ connection: ServerConnection) {
        connections[ObjectIdentifier(connection)] = connection
        guard let bound else { return }
        switch bound.opened() {
        case .fits: break
        case .farTooMany:
            bound.isRefused()
            connection.abort()
        case .tooMany:
            connection.hold()
            bound.closeOldest(from: loop) { isClosed in
                if isClosed { return connection.goOn() }
                bound.isRefused()
                connection.refuse(bound.refusal)
            }
        }
    }

    func remove(_ connection: ServerConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        bound?.closed()
    }

    /// Since when the connection is idle that has been so for longest; nil when none is.
    var oldestIdle: NIODeadline? { idle.oldest(of: connections, tick: tick)?.since }

    /// Closes that connection; gives whether there was one.
    func closeOldestIdle() -> Bool {
        guard let oldest = idle.oldest(of: connections, tick: tick)?.connection else { return false }
        // Its place is free now, whatever goodbyes take.
        remove(oldest)
        oldest.giveWay()
        return true
    }

    /// Closes idle connections, ends what has no end of its own and lets the other exchanges finish; new connections
    /// are served, one exchange each.
    package func drain() {
        isDraining = true
        for connection in Array(connections.values) { connection.drain() }
    }

    /// Closes every connection at once.
    package func closeAll() {
        timer?.cancel()
        for connection in Array(connections.values) { connection.giveUp() }
    }

    private func advance() {
        tick &+= 1
        date = HTTPDate.text(time(nil))
        for connection in Array(connections.values) { connection.checkDeadline(tick) }
    }
}

private final class WeakContext {
    weak var context: LoopContext?
    init(_ context: LoopContext) { self.context = context }
}

/// How long a connection may take for what, in seconds.
package struct ConnectionTimeouts: Sendable {
    /// For a complete request head, from its first byte (or from accepting the connection).
    package var head: UInt32 = 10
    /// Between two requests.
    package var idle: UInt32 = 120
    /// The window in which at least `bodyMinimum` bytes of a body must come.
    package var bodyWindow: UInt32 = 30
    /// The fewest bytes of body per window.
    package var bodyMinimum = 1024
    /// For a client that takes no bytes of its answer.
    package var write: UInt32 = 120
    /// For the answer to a client that has ended its side of the connection behind a whole request.
    package var halfClosed: UInt32 = 3
    /// For unread bytes after the last answer, before the connection is cut.
    package var linger: UInt32 = 2
    /// The same while the process stops, and for a connection that has not brought its first request, milliseconds.
    package var lingerDrainingMS: Int64 = 250

    /// The default time-outs.
    package init() {}
}
