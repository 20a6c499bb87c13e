import HTTPTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HTTPKit

/// Long work in turns.
@Suite(.timeLimit(.minutes(1)))
struct LoopTurnsTests {
    /// Goes on and on until it is told to end.
    private final class Endless: Sendable {
        private let isOver = Atomic<Bool>(false)
        private let turns = Atomic<Int>(0)
        let (ended, tell) = AsyncStream.makeStream(of: Int.self)

        func end() { isOver.store(true, ordering: .relaxed) }

        func go(on loop: any EventLoop) {
            turns.add(1, ordering: .relaxed)
            guard !isOver.load(ordering: .relaxed) else {
                tell.yield(turns.load(ordering: .relaxed))
                return tell.finish()
            }
            loop.nextTurn { self.go(on: loop) }
        }
    }

    @Test func `sockets of the loop have their turn in between, and so has other work of that kind`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.any()
        let listener = try await Listener.start(on: ListenAddress(host: "127.0.0.1", port: 0), group: group) { loop in
            LoopContext(
                loop: loop,
                chain: ClosureHandler { $0.respond(200, contentType: nil, body: ByteBuffer(string: "here")) })
        }
        let works = [Endless(), Endless()]
        for work in works { loop.execute { work.go(on: loop) } }
        // Tasks alone don't show it: a loop does all that there are before it looks at a socket.
        let answer = try await Self.answer(listener)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK"))
        for work in works {
            work.end()
            for await turns in work.ended { #expect(turns > 1) }
        }
        await listener.drain()
        await listener.closeAll()
        try await group.shutdownGracefully()
    }

    private static func answer(_ listener: Listener) async throws -> String {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: listener.address?.port ?? 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
            var text = ""
            for try await part in inbound { text += String(buffer: part) }
            return text
        }
    }
}
