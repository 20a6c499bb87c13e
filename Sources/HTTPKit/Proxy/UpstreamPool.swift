import DataPlaneAPI
import NIOCore
import NIOPosix

/// The connections of one event loop to one upstream.
package final class UpstreamPool {
    /// Who is connected to.
    package let endpoint: UpstreamEndpoint
    /// Time-outs.
    package let timeouts: UpstreamTimeouts
    let loop: any EventLoop
    private let limits: HTTPLimits
    private var idle: [UpstreamConnection] = []
    private var all: [ObjectIdentifier: UpstreamConnection] = [:]
    private var isSweeping = false

    /// Creates a pool; call on its loop.
    package init(
        endpoint: UpstreamEndpoint, loop: any EventLoop, timeouts: UpstreamTimeouts = UpstreamTimeouts(),
        limits: HTTPLimits = HTTPLimits()
    ) {
        self.endpoint = endpoint
        self.loop = loop
        self.timeouts = timeouts
        self.limits = limits
    }

    /// How many connections wait for work.
    package var idleCount: Int { idle.count }

    /// Takes the connection that was used last, if one is open: it is the one least likely to be closed by the upstream.
    func takeIdle() -> UpstreamConnection? {
        while let connection = idle.popLast() {
            if connection.isOpen, connection.isReusable { return connection }
        }
        return nil
    }

    /// Opens a new connection.
    func connect(_ done: @escaping (Result<UpstreamConnection, any Error>) -> Void) {
        let limits = limits
        let bound = NIOLoopBound((self, done), eventLoop: loop)
        let loop = loop
        ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(Int64(timeouts.connectMS)))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 8192, maximum: 262_144)
            )
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UpstreamConnection(limits: limits))
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .hop(to: loop)
            .whenComplete { result in
                let (pool, done) = bound.value
                done(
                    result.flatMap { channel in
                        Result {
                            let connection = try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
                            pool.add(connection)
                            return connection
                        }
                    })
            }
    }

    private func add(_ connection: UpstreamConnection) {
        all[ObjectIdentifier(connection)] = connection
        connection.onClose = { [weak self] connection in
            guard let self else { return }
            all[ObjectIdentifier(connection)] = nil
            if connection.idleSince != nil { idle.removeAll { $0 === connection } }
        }
        sweep()
    }

    /// Gives a connection back after a complete exchange.
    func put(_ connection: UpstreamConnection) {
        connection.release()
        guard connection.isOpen, connection.isReusable else { return connection.close() }
        connection.idleSince = .now()
        idle.append(connection)
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
                    connection.user?.upstreamTimedOut()
                }
            }
            pool.sweep()
        }
    }
}

private final class WeakPool {
    weak var pool: UpstreamPool?
    init(_ pool: UpstreamPool) { self.pool = pool }
}
