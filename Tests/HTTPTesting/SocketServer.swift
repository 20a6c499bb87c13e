import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix

/// A listener on a port of its own, and raw connections to it.
package struct SocketServer: Sendable {
    package let group: MultiThreadedEventLoopGroup
    package let listener: Listener

    package init(group: MultiThreadedEventLoopGroup, listener: Listener) {
        (self.group, self.listener) = (group, listener)
    }

    /// Runs `body` against a server whose exchanges go to `handler`, which is made once per loop.
    package static func with<R>(
        handler: @escaping @Sendable (Exchange) -> Void, _ body: (SocketServer) async throws -> R
    ) async throws -> R {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let listener = try await Listener.start(on: ListenAddress(host: "127.0.0.1", port: 0), group: group) { loop in
            LoopContext(loop: loop, chain: ClosureHandler(handler))
        }
        let result: Result<R, any Error>
        do { result = .success(try await body(SocketServer(group: group, listener: listener))) } catch {
            result = .failure(error)
        }
        await listener.drain()
        await listener.closeAll()
        try? await group.shutdownGracefully()
        return try result.get()
    }

    /// Opens a connection for the time of `body`.
    package func connect<R: Sendable>(
        _ body: (
            inout NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, NIOAsyncChannelOutboundWriter<ByteBuffer>
        )
            async throws -> R
    ) async throws -> R {
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: listener.address?.port ?? 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var iterator = inbound.makeAsyncIterator()
            return try await body(&iterator, outbound)
        }
    }
}
