import Bytes
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import PluginBridge

/// Clients that don't keep up, and very many that do.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct SlowListenerTests {
    private static let large = String(repeating: "x", count: 60_000)

    /// Sends packets that no socket buffer holds all of, each when `client` has read the one before.
    private func flood(_ stage: StreamStage, _ client: inout StreamClient, count: Int) async throws {
        for number in 1...count {
            stage.plugin.send(#"{"n":\#(number),"x":"\#(Self.large)"}"#)
            let line = try await client.line()
            try #require(line.contains(#"{"n":\#(number),"#))
        }
    }

    @Test func `a slow client loses the oldest messages and holds nobody up`() async throws {
        try await StreamStage.with(configure: { $0.queueMessages = 8 }) { stage, _ in
            try await stage.listen("bare") { slow, _ in
                try await stage.listen("bare") { fast, _ in
                    _ = [try await fast.line(), try await slow.line()]
                    await stage.plugin.wait { $0.runs.count == 1 }
                    stage.plugin.send(#"{"schema":{}}"#)
                    _ = try await fast.line()
                    try await flood(stage, &fast, count: 400)
                    stage.plugin.send(#"{"last":true}"#)
                    #expect(try await fast.line().contains("last"))
                }
                // The beginning came before the socket was full, the end is what waited; between them is the notice.
                #expect(try await slow.line().contains("schema"))
                var numbers = 0
                var dropped = 0
                while true {
                    let line = try await slow.line()
                    if line.contains(#""type":"dropped""#) {
                        dropped += try JSONValue.parse(line)["count"]?.asInt ?? 0
                    } else if line.contains("last") {
                        break
                    } else {
                        numbers += 1
                    }
                }
                #expect(dropped > 0 && numbers + dropped == 400)
            }
        }
    }

    @Test func `a client that lost too much is sent away with the reason`() async throws {
        try await StreamStage.with(
            configure: {
                $0.queueMessages = 8
                $0.dropLimit = 20
            }
        ) { stage, _ in
            try await stage.listen("clock") { slow, _ in
                try await stage.listen("clock") { fast, _ in
                    _ = [try await fast.line(), try await slow.line()]
                    await stage.plugin.wait { $0.runs.count == 1 }
                    try await flood(stage, &fast, count: 400)
                    while await stage.hub.listeners() > 1 { await Task.yield() }
                }
                let rest = try await slow.next("never")
                #expect(rest.contains(#"{"type":"error","code":408,"#) && rest.contains("stream-drop-limit"))
            }
        }
    }

    @Test func `a thousand clients get every message of one stream`() async throws {
        try await StreamStage.with { stage, _ in
            let packets = 20
            let crowd = Crowd(clients: 1000, packets: packets)
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let address = try #require(stage.address)
            for _ in 0..<1000 {
                _ = try await ClientBootstrap(group: group)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(CrowdMember(crowd))
                        }
                    }
                    .connect(to: address).get()
            }
            for await _ in crowd.subscribed {}
            await stage.plugin.wait { $0.runs.count == 1 }
            for number in 1...packets { stage.plugin.send(#"{"n":\#(number)}"#) }
            for await _ in crowd.served {}
            #expect(stage.plugin.runs.count == 1 && stage.plugin.subscriptions.count == 1000)
            #expect(crowd.faults == 0)
            try await group.shutdownGracefully()
            await stage.plugin.wait { $0.ends == 1 }
            while await stage.hub.listeners() > 0 { await Task.yield() }
        }
    }
}

/// Counts what a crowd of clients has got.
private final class Crowd: Sendable {
    private struct State {
        var subscribed = 0
        var served = 0
        var faults = 0
    }

    let clients: Int
    let packets: Int
    let (subscribed, tellSubscribed) = AsyncStream.makeStream(of: Void.self)
    let (served, tellServed) = AsyncStream.makeStream(of: Void.self)
    private let state = Mutex(State())

    init(clients: Int, packets: Int) {
        self.clients = clients
        self.packets = packets
    }

    var faults: Int { state.withLock { $0.faults } }

    func isSubscribed() {
        let isLast = state.withLock { state in
            state.subscribed += 1
            return state.subscribed == clients
        }
        if isLast { tellSubscribed.finish() }
    }

    func isServed(isWell: Bool) {
        let isLast = state.withLock { state in
            state.served += 1
            if !isWell { state.faults += 1 }
            return state.served == clients
        }
        if isLast { tellServed.finish() }
    }
}

/// One of the crowd: asks for the stream and reads its packets.
private final class CrowdMember: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let crowd: Crowd
    private var text = ""
    private var isSubscribed = false
    private var numbers: [Substring] = []
    private var isDone = false

    init(_ crowd: Crowd) { self.crowd = crowd }

    func channelActive(context: ChannelHandlerContext) {
        let request = "GET /clock HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
        context.writeAndFlush(NIOAny(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        while let end = text.firstRange(of: "\n\n") {
            let event = text[..<end.lowerBound]
            if event.contains("event: subscribed") {
                isSubscribed = true
                crowd.isSubscribed()
            } else if isSubscribed, let start = event.firstRange(of: #"data: {"n":"#) {
                numbers.append(Substring(String(event[start.upperBound...].dropLast())))
            }
            text = String(text[end.upperBound...])
        }
        guard numbers.count >= crowd.packets, !isDone else { return }
        isDone = true
        crowd.isServed(isWell: numbers == (1...crowd.packets).map { Substring(String($0)) })
    }
}
