import HTTPTesting
import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPKit

/// The connections of a listener are bounded, and idle ones make room for others.
struct ConnectionBoundTests {
    /// The connections of one loop to a listener.
    private final class Bench {
        let loop = EmbeddedEventLoop()
        let bound: ConnectionBound
        let context: LoopContext
        var waiting: [Exchange] = []

        init(limit: Int) {
            bound = ConnectionBound(limit: limit)
            weak var me: Bench?
            context = LoopContext(
                loop: loop,
                chain: ClosureHandler { exchange in
                    if exchange.request.withPath({ $0.hasPrefix("/wait") }) {
                        return me?.waiting.append(exchange) ?? ()
                    }
                    exchange.respond(204, contentType: nil, body: ByteBuffer())
                })
            bound.include(context)
            me = self
        }

        func connect() throws -> EmbeddedChannel {
            let channel = EmbeddedChannel(loop: loop)
            try channel.pipeline.syncOperations.addHandler(ServerConnection(context: context))
            channel.connect(to: try SocketAddress(unixDomainSocketPath: "/client"), promise: nil)
            loop.run()
            return channel
        }

        func ask(_ channel: EmbeddedChannel, _ path: String = "/") throws -> String {
            try channel.writeInbound(ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"))
            return try said(channel)
        }

        func said(_ channel: EmbeddedChannel) throws -> String {
            var text = ""
            while let next = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: next) }
            return text
        }
    }

    @Test func theLongestIdleConnectionMakesRoom() throws {
        let bench = Bench(limit: 3)
        let channels = try (0..<3).map { _ in try bench.connect() }
        for channel in channels + [channels[0]] { #expect(try bench.ask(channel).hasPrefix("HTTP/1.1 204")) }
        let another = try bench.connect()
        #expect(channels.map(\.isActive) == [true, false, true])
        #expect(try bench.ask(another).hasPrefix("HTTP/1.1 204"))
        _ = try bench.connect()
        #expect(channels.map(\.isActive) == [true, false, false])
        #expect(bench.context.openConnections == 3 && bench.bound.refusals == 0)
    }

    @Test func nobodyMakesRoomWhoIsInUse() throws {
        let bench = Bench(limit: 2)
        let channels = try (0..<2).map { _ in try bench.connect() }
        for channel in channels { _ = try bench.ask(channel, "/wait") }
        let refused = try bench.connect()
        let answer = try bench.said(refused)
        #expect(answer.hasPrefix("HTTP/1.1 503") && answer.contains("\r\nRetry-After: 1\r\n"))
        #expect(answer.contains("connection-limit"))
        #expect(channels.allSatisfy(\.isActive) && bench.bound.refusals == 1)
    }

    @Test func whoHasJustComeIsLeftAlone() throws {
        let bench = Bench(limit: 1)
        let first = try bench.connect()
        #expect(try bench.said(try bench.connect()).hasPrefix("HTTP/1.1 503"))
        #expect(first.isActive)
    }

    @Test func aFloodIsRefused() throws {
        let bench = Bench(limit: 1)
        _ = try bench.ask(try bench.connect(), "/wait")
        // So many are told at least.
        let flood = try (0..<200).map { _ in try bench.connect() }
        let told = try flood.count { try bench.said($0).hasPrefix("HTTP/1.1 503") }
        #expect(told >= 64 && bench.bound.refusals == 200)
    }

    @Test func makingRoomForManyDoesNotLookAtAllEachTime() throws {
        let bench = Bench(limit: 5_000)
        let channels = try (0..<5_000).map { _ in try bench.connect() }
        for channel in channels { _ = try bench.ask(channel) }
        let started = ContinuousClock.now
        let others = try (0..<4_000).map { _ in try bench.connect() }
        #expect(ContinuousClock.now - started < .seconds(10))
        #expect(others.allSatisfy(\.isActive) && channels.count(where: \.isActive) == 1_000)
    }
}
