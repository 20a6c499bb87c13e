import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix

/// The connections of one event loop to one origin.
package final class OriginPool {
    /// Who is connected to.
    package private(set) var origin: Origin
    /// Time-outs.
    package let timeouts: OriginTimeouts
    let loop: any EventLoop
    let limits: HTTPLimits
    let dialer: Dialer
    private let bounds: PoolBounds
    private let hold: ForwardingHold?
    /// What new TLS connections are made with, once it is there.
    var tls: TLSClientContext?
    /// Counts the TLS settings that were taken over.
    private var tlsGeneration = 0

    /// Those without an exchange, the one that was used last at the end; some may have been closed since.
    private var idle: [OriginConnection] = []
    private var closedIdle = 0
    private var all: [ObjectIdentifier: OriginConnection] = [:]
    /// Connections that are being made.
    private var dialling = 0
    private var queue = CircularBuffer<PoolWait>()
    private var waiting = 0
    private var isTimed = false
    private var isSweeping = false
    private var isRetired = false

    /// Creates a pool; call on its loop.
    ///
    /// - Parameters:
    ///   - dialer: looks the name up and reads certificates, and knows which addresses may be dialled.
    ///   - bounds: how many connections there may be, and who may wait for one.
    ///   - hold: may keep what clients ask of the upstream from it.
    package init(
        _ origin: Origin, loop: any EventLoop, timeouts: OriginTimeouts = OriginTimeouts(),
        limits: HTTPLimits = HTTPLimits(), dialer: Dialer, bounds: PoolBounds = PoolBounds(),
        hold: ForwardingHold? = nil
    ) {
        self.hold = hold
        self.bounds = bounds
        self.dialer = dialer
        self.origin = origin
        self.loop = loop
        self.timeouts = timeouts
        self.limits = limits
    }

    /// How many connections there are, those included that are being made.
    package var openCount: Int { all.count + dialling }
    /// How many wait for a connection.
    package var waitingCount: Int { waiting }

    /// Sends what a client asked for through one of the connections, and answers the client with what comes back.
    package func forward(_ exchange: Exchange, _ outgoing: OutgoingRequest) {
        if let refusal = hold?.refusal { return exchange.respond(refusal) }
        ForwardedExchange(exchange, pool: self, outgoing).start()
    }

    /// Takes over other TLS settings: connections made under the ones before are closed, those in use after their exchange.
    package func use(_ settings: TLSClientSettings?) {
        guard origin.tls != settings else { return }
        origin.tls = settings
        tls = nil
        tlsGeneration += 1
        for connection in all.values { connection.endAfterUse() }
        while let connection = popIdle() { connection.close() }
    }

    /// Connects once, TLS included, and closes; calls back with why that failed, or nil.
    package func check(_ done: @escaping (String?) -> Void) {
        connect { result in
            switch result {
            case .success(let connection):
                connection.close()
                done(nil)
            case .failure(let error):
                done(describe(error))
            }
        }
    }

    /// Takes the connection that was used last, if one is open: it is the one least likely to be closed by the server.
    func takeIdle() -> OriginConnection? {
        while let connection = popIdle() {
            if connection.isOpen, connection.isReusable { return connection }
        }
        return nil
    }

    private func popIdle() -> OriginConnection? {
        while let connection = idle.popLast() {
            guard connection.idleSince != nil else {
                closedIdle -= 1
                continue
            }
            connection.idleSince = nil
            return connection
        }
        return nil
    }

    /// Opens a new connection; with TLS it is delivered once the handshake is done.
    ///
    /// Where there are as many as there may be, an idle one makes room, or the next that becomes free is delivered.
    @discardableResult
    func connect(_ done: @escaping (Result<OriginConnection, any Error>) -> Void) -> PoolWait {
        let wait = PoolWait(done)
        if openCount >= bounds.connections { closeOldestIdle() }
        if openCount < bounds.connections {
            dial(wait)
        } else {
            enqueue(wait)
        }
        return wait
    }

    private func closeOldestIdle() {
        guard let oldest = idle.first(where: { $0.idleSince != nil }) else { return }
        oldest.close()
        // A channel may take its time to tell.
        forget(oldest)
    }

    private func dial(_ wait: PoolWait) {
        dialling += 1
        let generation = tlsGeneration
        open { [self] result in
            dialling -= 1
            // Under settings that were replaced meanwhile: good for what waits for it, and no more.
            if generation != tlsGeneration, case .success(let connection) = result { connection.endAfterUse() }
            switch result {
            case .success(let connection) where !wait.isWanted: put(connection)
            default: wait.finish(result)
            }
            if case .failure = result { dialNext() }
        }
    }

    // MARK: Whoever waits

    private func enqueue(_ wait: PoolWait) {
        guard waiting < bounds.waiting else {
            return wait.finish(.failure(OriginBusy(bounds, waited: false)))
        }
        wait.deadline = loop.now + .milliseconds(Int64(bounds.waitMS))
        wait.onCancel = { [weak self] in self?.waiting -= 1 }
        waiting += 1
        queue.append(wait)
        armTimer()
    }

    /// The one that has waited longest.
    private func nextWait() -> PoolWait? {
        while let wait = queue.popFirst() {
            guard wait.isWanted else { continue }
            waiting -= 1
            wait.onCancel = nil
            return wait
        }
        return nil
    }

    private func dialNext() {
        guard waiting > 0, openCount < bounds.connections, let wait = nextWait() else { return }
        dial(wait)
    }

    /// All wait equally long, so the first one's time is over first.
    private func armTimer() {
        while let first = queue.first, !first.isWanted { queue.removeFirst() }
        guard !isTimed, let first = queue.first else { return }
        isTimed = true
        let bound = NIOLoopBound(WeakPool(self), eventLoop: loop)
        loop.scheduleTask(deadline: first.deadline) {
            guard let pool = bound.value.pool else { return }
            pool.isTimed = false
            let now = pool.loop.now
            while let first = pool.queue.first, first.deadline <= now || !first.isWanted {
                pool.queue.removeFirst()
                if first.isWanted { pool.waiting -= 1 }
                first.finish(.failure(OriginBusy(pool.bounds, waited: true)))
            }
            pool.armTimer()
        }
    }

    // MARK: What there is

    func add(_ connection: OriginConnection) {
        all[ObjectIdentifier(connection)] = connection
        connection.onClose = { [weak self] connection in self?.forget(connection) }
        sweep()
    }

    private func forget(_ connection: OriginConnection) {
        guard all.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        if connection.idleSince != nil {
            // Not looked for among the idle ones now: when all of them are closed at once, that would take for ever.
            connection.idleSince = nil
            closedIdle += 1
            if closedIdle > 16, closedIdle > idle.count / 2 {
                idle.removeAll { $0.idleSince == nil }
                closedIdle = 0
            }
        }
        dialNext()
    }

    /// Gives a connection back after a complete exchange.
    func put(_ connection: OriginConnection) {
        connection.release()
        guard connection.isOpen, connection.isReusable else { return connection.close() }
        if waiting > 0, let wait = nextWait() { return wait.finish(.success(connection)) }
        guard !isRetired else { return connection.close() }
        connection.idleSince = .now()
        idle.append(connection)
    }

    /// Closes the idle connections, and the others once they are idle; for a pool that is not used any more.
    package func retire() {
        isRetired = true
        while let connection = popIdle() { connection.close() }
    }

    /// Looks at deadlines once a second, as long as there are connections.
    private func sweep() {
        guard !isSweeping, !all.isEmpty else { return }
        isSweeping = true
        let bound = NIOLoopBound(WeakPool(self), eventLoop: loop)
        loop.scheduleTask(in: .seconds(1)) {
            guard let pool = bound.value.pool else { return }
            pool.isSweeping = false
            let now = NIODeadline.now()
            let oldest = now - .seconds(Int64(pool.timeouts.idleSeconds))
            for connection in Array(pool.all.values) {
                if let since = connection.idleSince, since < oldest {
                    connection.close()
                } else if let deadline = connection.responseDeadline, deadline < now {
                    connection.responseDeadline = nil
                    connection.user?.originTimedOut()
                }
            }
            pool.sweep()
        }
    }
}

private final class WeakPool {
    weak var pool: OriginPool?
    init(_ pool: OriginPool) { self.pool = pool }
}
