import DataPlaneAPI
import HTTPTesting
import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPKit

/// All bodies that are gathered have one bound together.
struct BodyBudgetTests {
    /// A client's connection whose requests' bodies are gathered, and wait to be answered.
    private final class Gathering {
        let channel: EmbeddedChannel
        private(set) var results: [(exchange: Exchange, body: Result<[UInt8], GatewayError>)] = []

        init(_ budget: BodyBudget, limit: Int = 1_000_000) throws {
            channel = EmbeddedChannel()
            let loop = channel.embeddedEventLoop
            weak var me: Gathering?
            let chain = ClosureHandler { exchange in
                exchange.collectBody(limit: limit, setting: "some-limit") { me?.results.append((exchange, $0)) }
            }
            let context = LoopContext(loop: loop, chain: chain, bodies: budget)
            try channel.pipeline.syncOperations.addHandler(ServerConnection(context: context))
            channel.connect(to: try SocketAddress(unixDomainSocketPath: "/client"), promise: nil)
            me = self
        }

        func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

        var error: GatewayError? {
            if case .failure(let error)? = results.last?.body { error } else { nil }
        }
    }

    private func post(_ length: Int, _ body: Int) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n" + String(repeating: "x", count: body)
    }

    @Test func aBodyCountsUntilItsExchangeIsOver() throws {
        let budget = BodyBudget(limit: 1000)
        let client = try Gathering(budget)
        try client.send(post(600, 400))
        #expect(budget.inUse == 400 && client.results.isEmpty)
        try client.send(String(repeating: "y", count: 200))
        #expect(budget.inUse == 600)
        let gathered = try #require(client.results.first)
        #expect(try gathered.body.get().count == 600)
        gathered.exchange.respond(204, contentType: nil, body: ByteBuffer())
        #expect(budget.inUse == 0)
    }

    @Test func whatDoesNotFitIsRefusedBeforeItIsRead() throws {
        let budget = BodyBudget(limit: 1000)
        let (first, second) = (try Gathering(budget), try Gathering(budget))
        try first.send(post(600, 600))
        try second.send(post(500, 0))
        let error = try #require(second.error)
        #expect(error.code == .serviceUnavailable && error.retryAfterSeconds != nil)
        #expect(error.message.contains("request-memory-limit"))
        #expect(budget.inUse == 600)
    }

    @Test func aChunkedBodyThatGrowsTooLargeGivesItsPlaceBack() throws {
        let budget = BodyBudget(limit: 1000)
        let (first, second) = (try Gathering(budget), try Gathering(budget))
        try second.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n190\r\n")
        try second.send(String(repeating: "x", count: 400) + "\r\n")
        #expect(budget.inUse == 400)
        try first.send(post(600, 600))
        #expect(budget.inUse == 1000)
        try second.send("1\r\nx\r\n")
        #expect(second.error?.code == .serviceUnavailable)
        #expect(budget.inUse == 600)
    }

    @Test func aBodyThatNeverFitsIsTooLarge() throws {
        let client = try Gathering(BodyBudget(limit: 1000))
        try client.send(post(1001, 0))
        #expect(client.error?.code == .payloadTooLarge)
        #expect(client.error?.message.contains("request-memory-limit") == true)
    }

    @Test func aClientThatGoesGivesItsPlaceBack() throws {
        let budget = BodyBudget(limit: 1000)
        let client = try Gathering(budget)
        try client.send(post(600, 400))
        #expect(budget.inUse == 400)
        client.channel.pipeline.fireChannelInactive()
        #expect(budget.inUse == 0)
    }

    @Test func aClaimedLengthAloneCountsForNothing() throws {
        let budget = BodyBudget(limit: 1000)
        for _ in 0..<10 { try Gathering(budget).send(post(1000, 0)) }
        #expect(budget.inUse == 0)
    }

    @Test func aBodyOfKnownLengthIsGivenItsMemoryOnce() throws {
        let client = try Gathering(BodyBudget(limit: 1 << 20))
        try client.send(post(300_000, 1))
        for _ in 0..<29_999 { try client.send("0123456789") }
        try client.send("012345678")
        let body = try #require(try client.results.first?.body.get())
        #expect(body.count == 300_000 && body.capacity < 310_000)
    }
}
