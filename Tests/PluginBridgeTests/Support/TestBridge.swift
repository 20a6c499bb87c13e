import DataPlaneAPI
import Glibc
import HTTPKit
import NIOCore
import NIOPosix
import PluginKit
import PluginProtocol
import RPC
import Synchronization

@testable import PluginBridge

/// The bridges behind a real listener, in front of a real gRPC server: HTTP on one side, a plugin on the other.
final class TestBridge: Sendable {
    /// What the bridges are made with.
    struct Options: Sendable {
        var timeout = 30
        var idleTimeout: Int?
        var requestLimit = 16 << 20
        var responseLimit: Int?
        var patience = TimeAmount.milliseconds(1)
        var memoryLimit = 256 << 20
        var metricsLimit = 16 << 20
        var forwarding = HeaderForwarding()
        var format = DataFrameFormat.arrow
        var side = SideWork.forTests
    }

    let options: Options
    let budget: MemoryBudget
    let instance: PluginInstance
    /// Counts the methods that turned out to be missing.
    let noticed: Counter
    private let group: MultiThreadedEventLoopGroup
    private let listener: Listener
    private let stopServer: @Sendable () async -> Void

    /// The port that the bridges answer on.
    var port: Int { listener.address?.port ?? 0 }

    /// Runs with a plugin.
    static func with<R>(
        _ plugin: any Plugin, _ options: Options = Options(), _ body: (TestBridge) async throws -> R
    ) async throws -> R {
        let runtime = try GRPCRuntime()
        let server = try PluginServer(plugin, runtime: runtime) {}
        let path = try TemporarySocket.path()
        _ = try server.start(on: "unix:\(path)")
        return try await run(options, runtime, path, stop: { await server.stop() }, body)
    }

    /// Runs with a server of those methods alone.
    static func with<R>(
        methods: [GRPCServerMethod], _ options: Options = Options(), _ body: (TestBridge) async throws -> R
    ) async throws -> R {
        let runtime = try GRPCRuntime()
        let server = try GRPCServer(runtime: runtime, methods: methods)
        let path = try TemporarySocket.path()
        _ = try server.listen(on: "unix:\(path)")
        server.start()
        return try await run(options, runtime, path, stop: { await server.stop(cancel: true) }, body)
    }

    private static func run<R>(
        _ options: Options, _ runtime: GRPCRuntime, _ path: String, stop: @escaping @Sendable () async -> Void,
        _ body: (TestBridge) async throws -> R
    ) async throws -> R {
        defer { TemporarySocket.remove(path) }
        let bridge = try await TestBridge(options, runtime, path, stop)
        do {
            let result = try await body(bridge)
            await bridge.stop()
            return result
        } catch {
            await bridge.stop()
            throw error
        }
    }

    private init(
        _ options: Options, _ runtime: GRPCRuntime, _ path: String, _ stop: @escaping @Sendable () async -> Void
    ) async throws {
        let noticed = Counter()
        let budget = MemoryBudget(limit: options.memoryLimit)
        let instance = PluginInstance(
            pluginID: "test", generation: 1, pid: nil,
            channel: try GRPCChannel(runtime: runtime, address: .unix(path: path)), whenMissing: { noticed.add() })
        self.options = options
        self.budget = budget
        self.instance = instance
        self.noticed = noticed
        stopServer = stop
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        listener = try await Listener.start(on: ListenAddress(host: "127.0.0.1", port: 0), group: group) { loop in
            LoopContext(loop: loop, chain: TestHandler(loop, options, budget, instance))
        }
    }

    private func stop() async {
        await listener.drain()
        await listener.closeAll()
        await stopServer()
        try? await group.shutdownGracefully()
    }
}

/// Routes to the bridges by the first segment of the path.
private final class TestHandler: ExchangeHandler {
    private let options: TestBridge.Options
    private let instance: PluginInstance
    private let resources: ResourceBridge
    private let health: HealthBridge
    private let metrics: MetricsBridge
    private let queries: QueryBridge
    private let admission: AdmissionBridge
    private let conversion: ConversionBridge

    init(_ loop: any EventLoop, _ options: TestBridge.Options, _ budget: MemoryBudget, _ instance: PluginInstance) {
        self.options = options
        self.instance = instance
        let plugins = LoopPlugins(completions: CompletionTarget(LoopCompletions(loop), calls: GRPCCallList()))
        var settings = ResourceBridgeSettings(
            timeout: options.timeout, requestLimit: options.requestLimit, idleTimeout: options.idleTimeout,
            responseLimit: options.responseLimit)
        settings.patience = options.patience
        let side = options.side
        resources = ResourceBridge(settings: settings, plugins: plugins, budget: budget, side: side)
        health = HealthBridge(timeout: options.timeout, plugins: plugins, budget: budget, side: side)
        metrics = MetricsBridge(
            settings: MetricsBridgeSettings(timeout: options.timeout, limit: options.metricsLimit), plugins: plugins,
            budget: budget, side: side)
        queries = QueryBridge(
            settings: QueryBridgeSettings(
                timeout: options.timeout, requestLimit: options.requestLimit, format: options.format),
            plugins: plugins, budget: budget, workers: .singleton, side: side)
        admission = AdmissionBridge(
            timeout: options.timeout, requestLimit: options.requestLimit, plugins: plugins, budget: budget, side: side)
        conversion = ConversionBridge(
            timeout: options.timeout, requestLimit: options.requestLimit, plugins: plugins, budget: budget, side: side)
    }

    func handle(_ exchange: Exchange) {
        let context: ContextBytes = []
        switch exchange.path.text(0) {
        case "health":
            health.check(
                exchange, context: context, apiVersion: "test.example.com/v1", forwarding: options.forwarding,
                instance: instance)
        case "query":
            exchange.collectBody(limit: options.requestLimit, setting: "plugin-request-limit") { [self] in
                query(exchange, $0)
            }
        case "metrics":
            metrics.collect(exchange, instance: instance)
        case "mutate", "validate":
            let question: AdmissionBridge.Question = exchange.path.text(0) == "mutate" ? .mutate : .validate
            admission.review(exchange, question, context: context, instance: instance)
        case "conversion":
            conversion.review(exchange, context: context, instance: instance)
        default:
            let path = ResourcePath(exchange.path, from: 1)
            resources.call(
                exchange, ResourceTarget(context: context, path: path, forwarding: options.forwarding),
                instance: instance)
        }
    }
}

extension TestHandler {
    private func query(_ exchange: Exchange, _ body: Result<[UInt8], GatewayError>) {
        switch body {
        case .success(let body):
            queries.query(
                exchange, body, QuerySubject(uid: "u", acceptedTypes: ["test"], now: 0), context: [],
                forwarding: options.forwarding, instance: instance)
        case .failure(let error): exchange.respond(error)
        }
    }
}

extension SideWork {
    /// Threads that all tests share, for as long as the process lives.
    static let forTests = SideWork(threads: 2)
}

/// Counts across threads.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add(_ more: Int = 1) { count.wrappingAdd(more, ordering: .relaxed) }

    /// Does something else until the count stands still meanwhile, or has come to its end.
    func settle(below end: Int, _ other: () async throws -> Void) async rethrows {
        var last = -1
        var quiet = 0
        while quiet < 300, value < end {
            try await other()
            quiet = value == last ? quiet + 1 : 0
            last = value
        }
    }
}

/// Something that happens once and can be waited for.
final class Signal: Sendable {
    private let (stream, feed) = AsyncStream.makeStream(of: Void.self)
    func fire() { feed.finish() }
    func wait() async { for await _ in stream {} }
}

/// Short paths, because a socket's path has 107 bytes at most.
enum TemporarySocket {
    struct Failure: Error {}

    static func remove(_ path: String) {
        unlink(path)
        rmdir(String(path.dropLast(2)))
    }

    static func path() throws -> String {
        var template = Array("/tmp/pb-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure() }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/s"
    }
}
