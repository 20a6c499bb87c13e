import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix

/// How a connection is made: TLS settings, addresses, TCP, handshake; each has a deadline.
extension OriginPool {
    typealias Opened = (Result<OriginConnection, any Error>) -> Void

    func open(_ done: @escaping Opened) {
        guard let settings = origin.tls else { return findAddress(nil, done) }
        if let tls { return findAddress(tls, done) }
        // A failure isn't kept: the next connection tries again.
        dialer.contexts.context(
            settings, host: origin.host, milliseconds: timeouts.connectMS, on: loop
        ) { [self] result in
            switch result {
            case .success(let context):
                tls = context
                findAddress(context, done)
            case .failure(let error): done(.failure(error))
            }
        }
    }

    private func findAddress(_ tls: TLSClientContext?, _ done: @escaping Opened) {
        if let socket = origin.socket {
            return finish(
                bootstrap(tls, milliseconds: timeouts.connectMS).connect(unixDomainSocketPath: socket), tls, done)
        }
        let started = NIODeadline.now()
        dialer.names.addresses(
            of: origin.host, port: origin.port, milliseconds: timeouts.connectMS, on: loop
        ) { [self] result in
            do throws(GatewayError) {
                var addresses = try result.get()
                if let policy = dialer.addresses {
                    addresses = try policy.allowed(addresses, of: origin.host, subject: dialer.subject)
                }
                // The look-up is a part of the time, but leaves some.
                let passed = Int((NIODeadline.now() - started).nanoseconds / 1_000_000)
                connect(to: addresses, tls, max(timeouts.connectMS - passed, timeouts.connectMS / 4, 1), done)
            } catch {
                done(.failure(error))
            }
        }
    }

    private func connect(
        to addresses: [SocketAddress], _ tls: TLSClientContext?, _ milliseconds: Int, _ done: @escaping Opened
    ) {
        let bootstrap = bootstrap(tls, milliseconds: milliseconds)
        let connected =
            if addresses.count == 1, let only = addresses.first {
                bootstrap.connect(to: only)
            } else {
                bootstrap.resolver(FoundAddresses(addresses, loop: loop)).connect(
                    host: origin.host, port: origin.port)
            }
        finish(connected, tls) { [self] result in
            // The server may have moved.
            if case .failure = result { dialer.names.doubt(origin.host) }
            done(result)
        }
    }

    private func bootstrap(_ tls: TLSClientContext?, milliseconds: Int) -> ClientBootstrap {
        let limits = limits
        return ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(Int64(milliseconds)))
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: ReceiveBuffers())
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(try tls.handler()) }
                    try channel.pipeline.syncOperations.addHandler(OriginConnection(limits: limits))
                }
            }
    }

    private func finish(_ connected: EventLoopFuture<any Channel>, _ tls: TLSClientContext?, _ done: @escaping Opened) {
        let bound = NIOLoopBound((self, done), eventLoop: loop)
        connected
            .hop(to: loop)
            .whenComplete { result in
                let (pool, done) = bound.value
                let found = result.flatMap { channel in
                    Result { try channel.pipeline.syncOperations.handler(type: OriginConnection.self) }
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
    private func awaitHandshake(_ connection: OriginConnection, _ done: @escaping (String?) -> Void) {
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
}
