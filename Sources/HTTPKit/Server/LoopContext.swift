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
    let limits: HTTPLimits
    /// Time-outs of connections.
    let timeouts: ConnectionTimeouts
    /// Told about each finished exchange.
    let observer: (any ExchangeObserver)?

    /// Seconds since the start: deadlines of connections are counted in these, so no request reads a clock for them.
    private(set) var tick: UInt32 = 0
    /// The `Date` field of this second, with its line end.
    private(set) var dateField: [UInt8] = []
    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var timer: RepeatedTask?

    /// Creates a context; call on its loop.
    package init(
        loop: any EventLoop, chain: any ExchangeHandler, limits: HTTPLimits = HTTPLimits(),
        timeouts: ConnectionTimeouts = ConnectionTimeouts(), observer: (any ExchangeObserver)? = nil
    ) {
        self.loop = loop
        self.chain = chain
        self.limits = limits
        self.timeouts = timeouts
        self.observer = observer
        dateField = HTTPDate.field(time(nil))
        let bound = NIOLoopBound(WeakContext(self), eventLoop: loop)
        timer = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { task in
            guard let context = bound.value.context else { return task.cancel() }
            context.advance()
        }
    }

    /// How many connections are open.
    package var openConnections: Int { connections.count }

    func add(_ connection: ServerConnection) { connections[ObjectIdentifier(connection)] = connection }
    func remove(_ connection: ServerConnection) { connections[ObjectIdentifier(connection)] = nil }

    /// Closes idle connections and lets the others finish their exchange.
    package func drain() {
        isDraining = true
        for connection in Array(connections.values) { connection.drain() }
    }

    /// Closes every connection at once.
    package func closeAll() {
        timer?.cancel()
        for connection in Array(connections.values) { connection.abort() }
    }

    private func advance() {
        tick &+= 1
        dateField = HTTPDate.field(time(nil))
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
    /// For unread bytes after the last answer, before the connection is cut.
    package var linger: UInt32 = 2

    /// The default time-outs.
    package init() {}
}
