import Glibc
import HTTPTesting
import NIOCore
import NIOPosix
import Testing

@testable import HTTPKit

/// Where listeners get their sockets from.
@Suite(.timeLimit(.minutes(1)))
struct ListenerTests {
    @Test func `a socket that is bound already is taken over`() async throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        let bound = try SocketAddress(ipAddress: "127.0.0.1", port: 0).withSockAddr { address, size in
            bind(descriptor, address, socklen_t(size))
        }
        try #require(bound == 0)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let listener = try await Listener.start(
            on: ListenAddress(host: "127.0.0.1", port: 1), descriptor: descriptor, group: group
        ) { loop in
            LoopContext(
                loop: loop,
                chain: ClosureHandler { $0.respond(204, contentType: "text/plain", body: ByteBuffer()) })
        }
        let port = try #require(listener.address?.port)
        #expect(port > 1)
        let server = SocketServer(group: group, listener: listener)
        let answer = try await server.connect { input, output in
            try await output.write(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
            return try await input.next().map { String(buffer: $0) } ?? ""
        }
        #expect(answer.hasPrefix("HTTP/1.1 204 "))
        await listener.drain()
        await listener.stopAccepting()
        await listener.closeAll()
        try await group.shutdownGracefully()
    }
}
