import HTTPTesting
import NIOCore
import NIOEmbedded

@testable import HTTPKit
@testable import Origins

/// A client's connection and one to the upstream, both without sockets, on one loop of a test.
final class ProxyBench {
    /// Counts what is given to the system.
    final class Writes: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        private(set) var flushes = 0
        func flush(context: ChannelHandlerContext) {
            flushes += 1
            context.flush()
        }
    }

    let loop: EmbeddedEventLoop
    let client: EmbeddedChannel
    let server: ServerConnection
    let upstream: EmbeddedChannel
    let connection: OriginConnection
    let writes = Writes()
    let pool: OriginPool

    init(_ bounds: PoolBounds = PoolBounds()) throws {
        let loop = EmbeddedEventLoop()
        self.loop = loop
        let pool = OriginPool(
            Origin(host: "127.0.0.1", port: 1), loop: loop,
            dialer: .test(), bounds: bounds)
        self.pool = pool
        let rules = ForwardingRules(upstream: pool.origin)
        connection = OriginConnection(limits: HTTPLimits())
        upstream = EmbeddedChannel(loop: loop)
        try upstream.pipeline.syncOperations.addHandlers([writes, connection])
        upstream.connect(to: try SocketAddress(unixDomainSocketPath: "/upstream"), promise: nil)
        pool.add(connection)
        pool.put(connection)
        server = ServerConnection(
            context: LoopContext(loop: loop, chain: ClosureHandler { pool.forward($0, OutgoingRequest(rules)) }))
        client = EmbeddedChannel(loop: loop)
        try client.pipeline.syncOperations.addHandler(server)
        client.connect(to: try SocketAddress(unixDomainSocketPath: "/client"), promise: nil)
    }

    /// Bytes that come from the client in one read, in a buffer of the largest size.
    func receive(_ text: String, from channel: EmbeddedChannel) throws {
        var buffer = ByteBufferAllocator().buffer(capacity: ReceiveBuffers.largest)
        buffer.writeString(text)
        try channel.writeInbound(buffer)
    }

    /// The buffers that were given to the system since the last call.
    func sent(_ channel: EmbeddedChannel) throws -> [String] {
        var all: [String] = []
        while let next = try channel.readOutbound(as: ByteBuffer.self) { all.append(String(buffer: next)) }
        return all
    }
}
