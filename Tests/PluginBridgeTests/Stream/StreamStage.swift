import DataPlaneAPI
import Foundation
import HTTPKit
import NIOCore
import NIOPosix
import PluginKit

@testable import PluginBridge
@testable import RPC

/// A gateway's streams with everything real but the routes: listener, bridges on two loops, and a plugin over gRPC.
final class StreamStage: Sendable {
    static let pluginID = "stage-plugin"

    let plugin = PluginStage()
    let group: MultiThreadedEventLoopGroup
    let hub: StreamHub
    private let listener: Listener
    private let runtime: GRPCRuntime
    private let plugins: PerLoop<LoopPlugins>
    private let workers = NIOThreadPool(numberOfThreads: 1)

    /// A running plugin process, as far as the gateway can tell.
    struct Running: Sendable {
        let server: PluginServer
        let instance: PluginInstance
    }

    /// Runs `body` with a gateway whose plugin is up.
    static func with<R>(
        loops: Int = 2, configure: (inout StreamSettings) -> Void = { _ in },
        _ body: (StreamStage, Running) async throws -> R
    ) async throws -> R {
        var settings = StreamSettings()
        settings.lingerMS = 50
        settings.retryMS = 5
        // Only where a test is about it: on a busy machine a sign of life would come in between.
        settings.heartbeat = 600
        configure(&settings)
        let stage = try await StreamStage(loops: loops, settings: settings)
        let result: Result<R, any Error>
        do {
            let running = try await stage.startPlugin(generation: 1)
            try await stage.publish(.ready(running.instance))
            do { result = .success(try await body(stage, running)) } catch { result = .failure(error) }
            await running.server.stop()
        }
        await stage.stop()
        return try result.get()
    }

    private init(loops count: Int, settings: StreamSettings) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: count)
        runtime = try GRPCRuntime()
        workers.start()
        plugins = try await PerLoop.make(group) { LoopPlugins(completions: CompletionTarget(LoopCompletions($0))) }
        let hub = try await StreamHub.start(
            settings: settings, plugins: plugins, budget: MemoryBudget(limit: 256 << 20), workers: workers,
            side: .forTests)
        self.hub = hub
        listener = try await Listener.start(on: ListenAddress(host: "127.0.0.1", port: 0), group: group) { loop in
            LoopContext(loop: loop, chain: StageHandler(hub.bridge(on: loop)))
        }
    }

    private func stop() async {
        await hub.stop()
        await listener.drain()
        await listener.closeAll()
        try? await group.shutdownGracefully()
        try? await workers.shutdownGracefully()
    }

    /// Serves the plugin on a socket of its own.
    func startPlugin(generation: Int) async throws -> Running {
        let path = NSTemporaryDirectory() + "stage-" + UUID().uuidString.prefix(8)
        let server = try PluginServer(StagePlugin(plugin), runtime: runtime) {}
        _ = try server.start(on: "unix:\(path)")
        let channel = try GRPCChannel(runtime: runtime, address: .unix(path: path))
        // As the supervisor does: an instance is ready when it has answered.
        _ = try await channel.unary(.health, PluginRequest.health(), options: GRPCCallOptions(waitForReady: true))
        return Running(
            server: server,
            instance: PluginInstance(pluginID: Self.pluginID, generation: generation, pid: nil, channel: channel))
    }

    /// Tells every loop what state the plugin is in.
    func publish(_ state: PluginState) async throws { await plugins.onEvery { $0.set(Self.pluginID, state) } }

    /// Opens a connection for the time of `body`.
    func connect<R: Sendable>(_ body: (inout StreamClient) async throws -> R) async throws -> R {
        let channel = try await ClientBootstrap(group: group)
            .connect(host: "127.0.0.1", port: listener.address?.port ?? 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var client = StreamClient(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&client)
        }
    }

    /// Opens a connection, asks for a stream, and reads its head.
    func listen<R: Sendable>(
        _ path: String, accept: String = "application/x-ndjson", headers: [String: String] = [:],
        _ body: (inout StreamClient, String) async throws -> R
    ) async throws -> R {
        try await connect { client in
            try await client.get(path, accept: accept, headers: headers)
            let head = try await client.head()
            return try await body(&client, head)
        }
    }

    var address: SocketAddress? { listener.address }
}

/// Sends GET to `listen` and POST to `publish`; the path is the stream's, `?data=` its data.
private final class StageHandler: ExchangeHandler {
    private let bridge: StreamBridge?

    init(_ bridge: StreamBridge?) { self.bridge = bridge }

    func handle(_ exchange: Exchange) {
        guard let bridge else { return exchange.abort() }
        let key = StreamKey(
            pluginID: StreamStage.pluginID, scope: "default/uid", path: String(exchange.request.path.dropFirst()),
            data: (try? exchange.request.streamData()) ?? [])
        let user = PluginUser(login: exchange.request.headers.firstValue(named: "x-user") ?? "ann")
        let target = StreamTarget(
            key: key, context: PluginContext().encoded().with(user: user.contextField), headers: ["X-Test": "1"])
        if exchange.request.method == .post {
            bridge.publish(exchange, target)
        } else {
            bridge.listen(exchange, target)
        }
    }
}

/// The client's end of a connection.
struct StreamClient {
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var bytes: [UInt8] = []

    init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound
        self.outbound = outbound
    }

    /// Asks for a stream; with HTTP/1.0, so that the body comes without chunks.
    func get(_ path: String, accept: String = "application/x-ndjson", headers: [String: String] = [:]) async throws {
        let fields = headers.map { "\($0): \($1)\r\n" }.joined()
        try await send("GET /\(path) HTTP/1.0\r\nHost: localhost\r\nAccept: \(accept)\r\n\(fields)\r\n")
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// Everything up to and without a separator; the rest when the connection ends before.
    mutating func next(_ separator: String) async throws -> String {
        let end = Array(separator.utf8)
        var searched = 0
        while true {
            let found = bytes.withUnsafeBytes { Self.place(of: end, in: $0, from: searched) }
            if let found {
                defer { bytes.removeFirst(found + separator.utf8.count) }
                return String(decoding: bytes[..<found], as: UTF8.self)
            }
            searched = max(0, bytes.count - separator.utf8.count)
            guard let part = try await inbound.next() else {
                defer { bytes = [] }
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes += part.readableBytesView
        }
    }

    /// Where a separator begins; packets are long, so it looks by `memchr`.
    private static func place(of end: [UInt8], in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress, let first = end.first else { return nil }
        var index = start
        while index + end.count <= bytes.count {
            guard let hit = memchr(base + index, Int32(first), bytes.count - index) else { return nil }
            index = UnsafeRawPointer(hit) - base
            if index + end.count <= bytes.count, memcmp(hit, end, end.count) == 0 { return index }
            index += 1
        }
        return nil
    }

    mutating func head() async throws -> String { try await next("\r\n\r\n") }
    mutating func line() async throws -> String { try await next("\n") }
    mutating func event() async throws -> String { try await next("\n\n") }

    /// The text of the next frame of a WebSocket, with its opcode; nil when the connection has ended.
    mutating func frame() async throws -> (opcode: UInt8, payload: [UInt8])? {
        while true {
            if bytes.count >= 2 {
                let isLong = bytes[1] == 126
                let start = isLong ? 4 : 2
                if bytes.count >= start {
                    let length = isLong ? Int(bytes[2]) << 8 | Int(bytes[3]) : Int(bytes[1])
                    if bytes.count >= start + length {
                        defer { bytes.removeFirst(start + length) }
                        return (bytes[0] & 15, Array(bytes[start..<start + length]))
                    }
                }
            }
            guard let part = try await inbound.next() else { return nil }
            bytes += part.readableBytesView
        }
    }

    mutating func textFrame() async throws -> String {
        String(decoding: try await frame()?.payload ?? [], as: UTF8.self)
    }
}
