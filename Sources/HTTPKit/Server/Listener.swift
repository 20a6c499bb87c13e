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
    private let contexts: [(loop: any EventLoop, context: NIOLoopBound<LoopContext>)]

    private init(channel: any Channel, contexts: [(loop: any EventLoop, context: NIOLoopBound<LoopContext>)]) {
        self.channel = channel
        self.contexts = contexts
    }

    /// The address that is listened on, with the port that was chosen.
    package var address: SocketAddress? { channel.localAddress }

    /// Binds and starts to accept.
    ///
    /// - Parameters:
    ///   - tls: what encrypts connections; nil for plain HTTP.
    ///   - group: the loops that serve connections.
    ///   - makeContext: makes a loop's context, on that loop.
    /// - Throws: `GatewayError` naming the address when it can't be bound.
    package static func start(
        on address: ListenAddress, tls: TLSServerContext? = nil, group: MultiThreadedEventLoopGroup,
        makeContext: @escaping @Sendable (any EventLoop) -> LoopContext
    ) async throws -> Listener {
        var contexts: [(loop: any EventLoop, context: NIOLoopBound<LoopContext>)] = []
        for loop in group.makeIterator() {
            let context = try await loop.submit { NIOLoopBound(makeContext(loop), eventLoop: loop) }.get()
            contexts.append((loop, context))
        }
        let byLoop = Dictionary(uniqueKeysWithValues: contexts.map { (ObjectIdentifier($0.loop), $0.context) })
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One read per wake-up: a second one would only be told that there is nothing more.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // Who ends their side may still wait for the answer to what they have asked.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 8192, maximum: 262_144)
            )
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 256 * 1024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let context = byLoop[ObjectIdentifier(channel.eventLoop)]?.value else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    let connection = ServerConnection(context: context)
                    if let tls { try channel.pipeline.syncOperations.addHandlers(tls.handlers(for: connection)) }
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        do {
            let channel = try await bootstrap.bind(host: address.host, port: address.port).get()
            return Listener(channel: channel, contexts: contexts)
        } catch {
            throw GatewayError(
                .internalError, "can't listen on \(address.host):\(address.port): \(describe(error))")
        }
    }

    /// Closes idle connections; the others close after their exchange.
    ///
    /// New ones are accepted still.
    package func drain() async {
        for (loop, context) in contexts { _ = try? await loop.submit { context.value.drain() }.get() }
    }

    /// Stops accepting.
    package func stopAccepting() async { try? await channel.close().get() }

    /// How many connections are open.
    package func openConnections() async -> Int { await count { $0.openConnections } }

    /// How many connections are open that were when `drain` was called.
    package func drainedConnections() async -> Int { await count { $0.drainedConnections } }

    private func count(_ counted: @escaping @Sendable (LoopContext) -> Int) async -> Int {
        var count = 0
        for (loop, context) in contexts { count += (try? await loop.submit { counted(context.value) }.get()) ?? 0 }
        return count
    }

    /// Closes every connection.
    package func closeAll() async {
        for (loop, context) in contexts { _ = try? await loop.submit { context.value.closeAll() }.get() }
    }
}
