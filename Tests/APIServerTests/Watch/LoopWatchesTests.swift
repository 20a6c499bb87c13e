import DataPlaneAPI
import Dispatch
import HTTPKit
import HTTPTesting
import NIOCore
import NIOPosix
import Storage
import Testing

@testable import APIServer
@testable import Bytes

/// The watches of one loop, with transports that count.
struct LoopWatchesTests {
    /// A loop with watches on it; touched on that loop only.
    private final class Bench {
        let watches: LoopWatches
        var transports: [TestTransport] = []
        /// The exchanges, which nothing else holds before their watches do.
        var exchanges: [Exchange] = []

        init(_ loop: any EventLoop, _ core: APIServerCore) { watches = LoopWatches(loop, core) }

        /// Opens so many watches from the present state on.
        func open(_ count: Int, accept: String, _ core: APIServerCore, on loop: any EventLoop) throws {
            for _ in 0..<count {
                let transport = TestTransport()
                let head = "GET \(Samples.path)?watch=1 HTTP/1.1\r\nHost: a\r\nAccept: \(accept)\r\n"
                let exchange = try transport.exchange(head, on: loop)
                _ = exchange.request.withPath { $0.count }
                let request = APIRequest(exchange)
                let definition = try #require(core.registry.kinds.definitions.first)
                var start = WatchStart(
                    kind: definition.id, namespace: nil,
                    form: WatchForm(try Renderer(definition, request, .watch)),
                    options: try ListOptions(request, definition))
                start.number = core.store.state(definition.id).number
                start.slot = try core.watches.take()
                watches.start(exchange, request, start)
                transports.append(transport)
                exchanges.append(exchange)
            }
        }
    }

    private static func with(
        accept: String = "application/json",
        _ body: (NIOLoopBound<Bench>, any EventLoop, WatchCache) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let store = try await WatchCache(SQLiteStorage.open(folder.file("store.db")))
        var core = APIServerCore(store: store)
        core.registry = Samples.registry()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (loop, shared) = (group.next(), core)
        let bench = try await loop.submit {
            let bench = Bench(loop, shared)
            try bench.open(3, accept: accept, shared, on: loop)
            return NIOLoopBound(bench, eventLoop: loop)
        }.get()
        try await body(bench, loop, store)
        try await group.shutdownGracefully()
        try await store.close()
    }

    /// Creates objects while the loop does something else, and waits until every watch has what has happened.
    private static func create(
        _ names: [String], size: Int = 0, _ bench: NIOLoopBound<Bench>, _ loop: any EventLoop, _ store: WatchCache
    ) async throws {
        let busy = DispatchSemaphore(value: 0)
        loop.execute { busy.wait() }
        for name in names {
            var object = Samples.service(name)
            object["metadata"]?["annotations"] = ["fill": .string(String(repeating: "x", count: size))]
            _ = try await store.create(Samples.key(name), object)
        }
        busy.signal()
        let last = names.last ?? ""
        while try await loop.submit({
            bench.value.transports.contains { transport in
                !(transport.shared.last.map { String(buffer: $0.bytes) } ?? "").contains("\"\(last)\"")
            }
        }).get() { try await Task.sleep(for: .milliseconds(1)) }
    }

    private static func addresses(_ transports: [TestTransport]) -> Set<UnsafeRawPointer?> {
        Set(transports.map { $0.shared.last?.bytes.withUnsafeReadableBytes { $0.baseAddress } ?? nil })
    }

    @Test func `what happens meanwhile is written once, for all who see it, and flushed once to each`() async throws {
        try await Self.with { bench, loop, store in
            try await Self.create(["a", "b", "c", "d", "e"], bench, loop, store)
            try await loop.submit {
                let transports = bench.value.transports
                for transport in transports {
                    // The head, then everything else.
                    #expect(transport.log.filter { $0 == "flush" }.count == 2)
                    #expect(transport.shared.count == 1)
                    let lines = transport.shared.first.map { String(buffer: $0.bytes) } ?? ""
                    #expect(lines.split(separator: "\n").count == 5)
                }
                #expect(Self.addresses(transports).count == 1)
            }.get()
        }
    }

    @Test func `rows of large objects are made away from the loop, once for all who have the columns`() async throws {
        try await Self.with(accept: "application/json;as=Table;v=v1;g=meta.k8s.io") { bench, loop, store in
            // The first line of each has the columns in it.
            try await Self.create(["a"], bench, loop, store)
            try await Self.create(["b", "c"], size: 100_000, bench, loop, store)
            try await loop.submit {
                let transports = bench.value.transports
                #expect(Self.addresses(transports).count == 1)
                #expect(transports.allSatisfy { $0.shared.count == 2 })
                let rows = transports.first?.shared.last.map { String(buffer: $0.bytes) } ?? ""
                #expect(rows.split(separator: "\n").count == 2 && rows.contains("\"columnDefinitions\":[]"))
            }.get()
        }
    }

    @Test func `a loop rests twice as long as a round took, but neither for next to nothing nor for long`() {
        var rest = RoundRest()
        #expect(rest.take() == nil)
        rest.add(.microseconds(99))
        #expect(rest.take() == nil)
        rest.add(.milliseconds(1))
        rest.add(.milliseconds(2))
        #expect(rest.take() == .milliseconds(6))
        #expect(rest.take() == nil)
        rest.add(.seconds(1))
        #expect(rest.take() == .milliseconds(20))
    }
}
