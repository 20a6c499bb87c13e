import DataPlaneAPI
import HTTPTesting
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import HTTPKit
@testable import Origins

/// How many connections there are to a server, and who waits for one.
struct OriginPoolTests {
    private final class Results {
        var all: [Result<OriginConnection, any Error>] = []
        var connections: [OriginConnection] { all.compactMap { try? $0.get() } }
        var errors: [String] {
            all.compactMap { result in
                if case .failure(let error) = result { "\(error)" } else { nil }
            }
        }
    }

    private let bounds = PoolBounds(connections: 1, waiting: 2, waitMS: 500, setting: "some-limit")

    /// A connection in use.
    private func busy(_ bench: ProxyBench) throws -> OriginConnection { try #require(bench.pool.takeIdle()) }

    @Test func whoeverWaitsGetsTheNextThatIsFree() throws {
        let bench = try ProxyBench(bounds)
        let connection = try busy(bench)
        let results = Results()
        bench.pool.connect { results.all.append($0) }
        bench.pool.connect { results.all.append($0) }
        #expect(results.all.isEmpty && bench.pool.waitingCount == 2 && bench.pool.openCount == 1)
        bench.pool.put(connection)
        #expect(results.connections.first === connection && results.all.count == 1)
        bench.pool.put(connection)
        #expect(results.all.count == 2 && bench.pool.waitingCount == 0)
        bench.pool.put(connection)
        #expect(bench.pool.takeIdle() === connection)
    }

    @Test func `what was made under TLS settings that were replaced carries no request after the present one`() throws {
        let bench = try ProxyBench(bounds)
        let connection = try busy(bench)
        bench.pool.use(TLSClientSettings())
        #expect(connection.isOpen)
        bench.pool.put(connection)
        #expect(!connection.isOpen && bench.pool.takeIdle() == nil)
        // And one that is idle at that time goes at once; the same settings change nothing.
        let other = try ProxyBench(bounds)
        other.pool.use(nil)
        #expect(other.connection.isOpen)
        other.pool.use(TLSClientSettings())
        #expect(!other.connection.isOpen && other.pool.takeIdle() == nil)
    }

    @Test func theQueueIsBounded() throws {
        let bench = try ProxyBench(bounds)
        _ = try busy(bench)
        let results = Results()
        for _ in 0..<3 { bench.pool.connect { results.all.append($0) } }
        #expect(results.errors.count == 1 && bench.pool.waitingCount == 2)
        #expect(
            results.errors.first?.contains("2 requests wait for one already; setting some-limit allows more") == true)
    }

    @Test func whoeverWaitsDoesNotWaitForEver() throws {
        let bench = try ProxyBench(bounds)
        _ = try busy(bench)
        let results = Results()
        bench.pool.connect { results.all.append($0) }
        bench.loop.advanceTime(by: .milliseconds(499))
        #expect(results.all.isEmpty)
        bench.loop.advanceTime(by: .seconds(1))
        #expect(
            results.errors.first?.contains("none became free within 500 ms (setting connection-wait-timeout)") == true)
        #expect(bench.pool.waitingCount == 0)
    }

    @Test func whoeverLeavesLosesThePlace() throws {
        let bench = try ProxyBench(bounds)
        let connection = try busy(bench)
        let results = Results()
        let gone = bench.pool.connect { _ in Issue.record("told although gone") }
        bench.pool.connect { results.all.append($0) }
        gone.cancel()
        #expect(bench.pool.waitingCount == 1)
        bench.pool.connect { results.all.append($0) }
        bench.pool.put(connection)
        #expect(results.connections.count == 1)
    }

    @Test func theOldestIdleConnectionMakesRoom() async throws {
        try await SocketServer.with(handler: { $0.respond(204, contentType: nil, body: ByteBuffer()) }) { server in
            let loop = server.group.any()
            let port = try #require(server.listener.address?.port)
            let pool = try await loop.submit {
                NIOLoopBound(
                    OriginPool(
                        Origin(host: "127.0.0.1", port: port), loop: loop,
                        dialer: .test(), bounds: bounds), eventLoop: loop)
            }.get()
            @Sendable func connect() async throws -> NIOLoopBound<OriginConnection> {
                try await withCheckedThrowingContinuation { continuation in
                    loop.execute {
                        pool.value.connect { result in
                            continuation.resume(with: result.map { NIOLoopBound($0, eventLoop: loop) })
                        }
                    }
                }
            }
            let first = try await connect()
            try await loop.submit { pool.value.put(first.value) }.get()
            _ = try await connect()
            // The idle one is closed, and there is still no more than one.
            let (isOpen, open) = try await loop.submit { (first.value.isOpen, pool.value.openCount) }.get()
            #expect(!isOpen && open == 1)
        }
    }

    @Test func closingManyIsNotQuadratic() throws {
        // Ten times as many: about ten times as long, where each is looked for among all others a hundred times.
        let few = try Self.closing(2_000)
        #expect(try Self.closing(20_000) < max(few * 40, .milliseconds(500)))
    }

    /// How long it takes to close so many.
    private static func closing(_ count: Int) throws -> Duration {
        let bench = try ProxyBench()
        var channels: [EmbeddedChannel] = []
        for _ in 0..<count {
            let connection = OriginConnection(limits: HTTPLimits())
            let channel = EmbeddedChannel(loop: bench.loop)
            try channel.pipeline.syncOperations.addHandler(connection)
            channel.connect(to: try SocketAddress(unixDomainSocketPath: "/upstream"), promise: nil)
            bench.pool.add(connection)
            bench.pool.put(connection)
            channels.append(channel)
        }
        let started = ContinuousClock.now
        // The server closes all of them, the oldest first: each was looked for among all others.
        for channel in channels { channel.pipeline.fireChannelInactive() }
        let time = ContinuousClock.now - started
        #expect(bench.pool.openCount == 1)
        #expect(bench.pool.takeIdle() === bench.connection)
        #expect(bench.pool.takeIdle() == nil)
        return time
    }

    @Test func aLoopsShareIsRoundedUp() {
        #expect(PoolBounds.share(of: 10, among: 4, waitMS: 1, setting: "x").connections == 3)
        #expect(PoolBounds.share(of: 1, among: 4, waitMS: 1, setting: "x").connections == 1)
    }
}

/// Servers whose names can't be looked up.
struct UpstreamPoolLookUpTests {
    @Test func aSilentNameServerHoldsUpNoOtherServer() async throws {
        let resolver = HangingResolver(["alive.example": try SocketAddress(ipAddress: "127.0.0.1", port: 0)])
        defer { resolver.letGo() }
        try await SocketServer.with(handler: { $0.respond(204, contentType: nil, body: ByteBuffer()) }) { server in
            let loop = server.group.any()
            let port = try #require(server.listener.address?.port)
            let dialer = Dialer.test(resolver.lookUp)
            @Sendable func check(_ host: String, _ milliseconds: Int) async -> String? {
                await withCheckedContinuation { continuation in
                    loop.execute {
                        var timeouts = OriginTimeouts()
                        timeouts.connectMS = milliseconds
                        OriginPool(
                            Origin(host: host, port: port), loop: loop, timeouts: timeouts,
                            dialer: dialer
                        ).check { continuation.resume(returning: $0) }
                    }
                }
            }
            #expect(await check("alive.example", 60_000) == nil)
            let dead = await withTaskGroup(of: String?.self) { tasks in
                for number in 0..<100 { tasks.addTask { await check("dead\(number).example", 200) } }
                #expect(await check("alive.example", 60_000) == nil)
                return await tasks.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(dead.count == 100)
            for why in dead { #expect(why?.contains("can't be looked up") == true) }
            #expect(dead.contains { $0?.contains("no name server has answered within 0.2 s") == true })
            #expect(await check("alive.example", 60_000) == nil)
        }
    }
}
