import DataPlaneAPI
import NIOCore
import NIOPosix

/// Where a listener listens.
package struct ListenAddress: Sendable, Hashable {
    /// The IP address or host name.
    package var host: String
    /// The port; 0 for any free one.
    package var port: Int

    /// Creates an address.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// An HTTP/1 listener, plain or TLS: accepts connections and gives each to the chain of its event loop.
package final class Listener: Sendable {
    private let channel: any Channel
    private let contexts: PerLoop<LoopContext>
    private let bound: ConnectionBound

    private init(channel: any Channel, contexts: PerLoop<LoopContext>, bound: ConnectionBound) {
        self.channel = channel
        self.bound = bound
        self.contexts = contexts
    }

    /// The address that is listened on, with the port that was chosen.
    package var address: SocketAddress? { channel.localAddress }

    /// Binds and starts to accept.
    ///
    /// - Parameters:
    ///   - descriptor: a socket that is bound already, in place of the address; it belongs to the listener from now on.
    ///   - tls: what encrypts connections; nil for plain HTTP.
    ///   - limit: the most connections.
    ///   - group: the loops that serve connections.
    ///   - makeContext: makes a loop's context, on that loop.
    /// - Throws: `GatewayError` naming the address when it can't be bound.
    package static func start(
        on address: ListenAddress, descriptor: CInt? = nil, tls: TLSServerContext? = nil, limit: Int = .max,
        group: MultiThreadedEventLoopGroup,
        makeContext: @escaping @Sendable (any EventLoop) -> LoopContext
    ) async throws -> Listener {
        let bound = ConnectionBound(limit: limit)
        let contexts = try await PerLoop.make(group) { loop in
            let context = makeContext(loop)
            bound.include(context)
            return context
        }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One read per wake-up: a second one would only be told that there is nothing more.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // Who ends their side may still wait for the answer to what they have asked.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.recvAllocator, value: ReceiveBuffers())
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let context = contexts.value(on: channel.eventLoop) else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    let connection = ServerConnection(context: context)
                    if let tls { try channel.pipeline.syncOperations.addHandlers(tls.handlers(for: connection)) }
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        do {
            let opening =
                descriptor.map { bootstrap.withBoundSocket($0) }
                ?? bootstrap.bind(host: address.host, port: address.port)
            let channel = try await opening.get()
            return Listener(channel: channel, contexts: contexts, bound: bound)
        } catch {
            throw GatewayError(
                .internalError, "can't listen on \(address.host):\(address.port): \(describe(error))")
        }
    }

    /// Closes idle connections; the others close after their exchange.
    ///
    /// New ones are accepted still.
    package func drain() async { await contexts.onEvery { $0.drain() } }

    /// Stops accepting.
    package func stopAccepting() async { try? await channel.close().get() }

    /// How many connections were refused because as many were in use as there may be.
    package var refusedConnections: Int { bound.refusals }

    /// How many connections are open.
    package func openConnections() async -> Int { await contexts.collect { $0.openConnections }.reduce(0, +) }

    /// How many connections are open that were when `drain` was called.
    package func drainedConnections() async -> Int { await contexts.collect { $0.drainedConnections }.reduce(0, +) }

    /// Closes every connection.
    package func closeAll() async { await contexts.onEvery { $0.closeAll() } }
}
