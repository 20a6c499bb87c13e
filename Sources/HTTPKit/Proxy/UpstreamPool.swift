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
    private var isRetired = false
    private let transport: UpstreamTransport?
    private let hold: ForwardingHold?
    private var tls: EventLoopFuture<TLSClientContext>?

    /// Creates a pool; call on its loop.
    ///
    /// - Parameters:
    ///   - transport: how it connects; nil for plain TCP to wherever the name leads.
    ///   - hold: may keep what clients ask of the upstream from it.
    package init(
        endpoint: UpstreamEndpoint, loop: any EventLoop, timeouts: UpstreamTimeouts = UpstreamTimeouts(),
        limits: HTTPLimits = HTTPLimits(), transport: UpstreamTransport? = nil, hold: ForwardingHold? = nil
    ) {
        self.hold = hold
        self.transport = transport
        self.endpoint = endpoint
        self.loop = loop
        self.timeouts = timeouts
        self.limits = limits
    }

    /// How many connections wait for work.
    package var idleCount: Int { idle.count }

    /// Passes an exchange on through one of the connections.
    ///
    /// - Parameter rewrite: how the request differs from what the client sent.
    package func forward(_ exchange: Exchange, _ rewrite: ProxyRewrite) {
        ProxiedExchange(exchange, pool: self, .rewrite(rewrite)).start()
    }

    /// Asks the upstream's own API in place of what the client asked for.
    package func ask(_ exchange: Exchange, _ call: UpstreamCall) {
        if let refusal = hold?.refusal { return exchange.respond(refusal) }
        ProxiedExchange(exchange, pool: self, .call(call)).start()
    }

    /// Passes an exchange on as it came.
    package func forward(_ exchange: Exchange) {
        if let refusal = hold?.refusal { return exchange.respond(refusal) }
        ProxiedExchange(exchange, pool: self).start()
    }

    /// Connects once, TLS included, and closes; calls back with why that failed, or nil.
    package func check(_ done: @escaping (String?) -> Void) {
        connect { result in
            switch result {
            case .success(let connection):
                connection.close()
                done(nil)
            case .failure(let error):
                let known = error as? GatewayError ?? (error as? NIOConnectionError)?.dnsAError as? GatewayError
                done(known?.message ?? describe(error))
            }
        }
    }

    /// Takes the connection that was used last, if one is open: it is the one least likely to be closed by the upstream.
    func takeIdle() -> UpstreamConnection? {
        while let connection = idle.popLast() {
            if connection.isOpen, connection.isReusable { return connection }
        }
        return nil
    }

    /// Opens a new connection; with TLS it is delivered once the handshake is done.
    func connect(_ done: @escaping (Result<UpstreamConnection, any Error>) -> Void) {
        guard let settings = transport?.tls, let threads = transport?.threads else { return connect(nil, done) }
        let host = endpoint.host
        // Reading authorities and keys takes milliseconds: once per pool, and off the loop.
        let context = tls ?? threads.runIfActive(eventLoop: loop) { try TLSClientContext(settings, host: host) }
        tls = context
        context.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let context): connect(context, done)
            case .failure(let error): done(.failure(error))
            }
        }
    }

    private func connect(
        _ tls: TLSClientContext?, _ done: @escaping (Result<UpstreamConnection, any Error>) -> Void
    ) {
        let limits = limits
        let bound = NIOLoopBound((self, done), eventLoop: loop)
        let loop = loop
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(Int64(timeouts.connectMS)))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 8192, maximum: 262_144)
            )
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(try tls.handler()) }
                    try channel.pipeline.syncOperations.addHandler(UpstreamConnection(limits: limits))
                }
            }
        if let transport {
            bootstrap = bootstrap.resolver(
                GuardedResolver(
                    loop: loop, policy: transport.addresses, threads: transport.threads, subject: transport.subject))
        }
        let connected =
            if let socket = endpoint.socket {
                bootstrap.connect(unixDomainSocketPath: socket)
            } else {
                bootstrap.connect(host: endpoint.host, port: endpoint.port)
            }
        connected
            .hop(to: loop)
            .whenComplete { result in
                let (pool, done) = bound.value
                let found = result.flatMap { channel in
                    Result { try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self) }
                }
                guard case .success(let connection) = found else { return done(found) }
                pool.add(connection)
                guard let tls else { return done(found) }
                pool.awaitHandshake(connection) { why in
                    guard let fault = why ?? tls.fault(connection.channel) else { return done(found) }
                    connection.close()
                    done(.failure(TLSClientFault(why: fault, words: tls.words)))
                }
            }
    }

    /// Calls back when the handshake is done, or with why it failed.
    private func awaitHandshake(_ connection: UpstreamConnection, _ done: @escaping (String?) -> Void) {
        if connection.isSecured { return done(nil) }
        guard connection.isOpen else { return done("the connection was closed") }
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let timer = loop.scheduleTask(in: .milliseconds(Int64(timeouts.connectMS))) {
            let connection = bound.value
            let onSecured = connection.onSecured
            connection.onSecured = nil
            connection.close()
            onSecured?("the server did not complete it in time")
        }
        connection.onSecured = { why in
            timer.cancel()
            done(why)
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
        guard !isRetired, connection.isOpen, connection.isReusable else { return connection.close() }
        connection.idleSince = .now()
        idle.append(connection)
    }

    /// Closes the idle connections, and the others once they are idle; for a pool that is not used any more.
    package func retire() {
        isRetired = true
        for connection in idle { connection.close() }
        idle = []
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
