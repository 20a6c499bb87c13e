import Access
import Bytes
import DataPlaneAPI
import Glibc
import HTTPKit
import NIOCore
import NIOPosix
import Storage
import Synchronization

@testable import APIServer

/// Lets everything pass, or nothing.
final class FixedGate: Gate {
    private let isClosed: Bool

    init(isClosed: Bool) { self.isClosed = isClosed }

    func verdict(_ exchange: Exchange, _ question: Question) -> Verdict? {
        isClosed ? .refused(GatewayError(.forbidden, "forbidden: closed")) : .allowed(Subject(.firstRun))
    }

    func ask(_ exchange: Exchange, _ question: Question, _ then: @escaping (Verdict) -> Void) {}
}

/// Says the same to everybody, and only when it is asked.
final class FixedPolicy: Authorizer {
    private let decision: Decision

    init(_ decision: Decision) { self.decision = decision }

    func decide(_ subject: Subject, _ question: Question) -> Decision? { nil }
    func ask(_ subject: Subject, _ question: Question, _ done: @escaping (Decision) -> Void) { done(decision) }
    func rules(_ user: User, namespace: String) -> AccessRules { AccessRules() }
}

/// Answers what was handed on.
final class MarkingDelegate: ExchangeHandler {
    func handle(_ exchange: Exchange) {
        exchange.respond(200, contentType: "text/plain", body: ByteBuffer(string: "delegate"))
    }
}

/// A complete answer.
struct Reply: Sendable {
    var status: Int
    var head: String
    var body: String

    var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
    func field(_ name: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("\(name.lowercased()): ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}

/// An API server on a port of its own.
final class TestServer: Sendable {
    let folder: TemporaryFolder
    let store: WatchCache
    /// The watches that are open.
    let watches: Slots
    /// The lists that are on their way.
    let lists: Slots
    /// The kinds that are served.
    let registry: KindRegistry
    private let group: MultiThreadedEventLoopGroup
    private let listener: Listener

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - isClosed: whether its gate refuses everything.
    ///   - policy: what its authorizer says.
    ///   - storage: what stands between the cache and the database.
    ///   - configure: changes the core before it starts.
    static func with<R>(
        settings: WatchCache.Settings = .init(), isClosed: Bool = false, policy: Decision = .allow,
        configure: (inout APIServerCore) -> Void = { _ in },
        storage: (any ObjectStorage) -> any ObjectStorage = { $0 },
        _ body: (TestServer) async throws -> R
    ) async throws -> R {
        let folder = try TemporaryFolder()
        let store = try await WatchCache(
            storage(try await SQLiteStorage.open(folder.file("store.db"))), settings: settings)
        var core = APIServerCore(store: store)
        core.registry = Samples.registry()
        configure(&core)
        let server = try await TestServer(folder: folder, store: store, core: core, isClosed: isClosed, policy: policy)
        do {
            let result = try await body(server)
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    private init(
        folder: TemporaryFolder, store: WatchCache, core: APIServerCore, isClosed: Bool, policy: Decision
    ) async throws {
        self.folder = folder
        self.store = store
        (watches, lists, registry) = (core.watches, core.lists, core.registry)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        listener = try await Listener.start(on: ListenAddress(host: "127.0.0.1", port: 0), group: group) { loop in
            LoopContext(
                loop: loop,
                chain: APIServerHandler(
                    core: core, gate: FixedGate(isClosed: isClosed), policy: FixedPolicy(policy),
                    next: MarkingDelegate()))
        }
    }

    private func stop() async {
        await listener.drain()
        await listener.closeAll()
        try? await group.shutdownGracefully()
        try? await store.close()
    }

    /// The port it listens on.
    var port: Int { listener.address?.port ?? 0 }

    private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: group)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// Sends a request on a connection of its own and reads the whole answer.
    func send(
        _ method: String, _ path: String, _ body: String = "", headers: [String: String] = [:]
    ) async throws -> Reply {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
        let request = text + "\r\n" + body
        let all = try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var all = ByteBuffer()
            for try await part in inbound { all.writeImmutableBuffer(part) }
            return String(buffer: all)
        }
        let parts = all.components(at: "\r\n\r\n")
        let status = parts.0.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Reply(status: status, head: parts.0, body: parts.1)
    }

    /// Sends the head of a request, waits for what it does, and cuts the connection.
    func sendAndReset(_ line: String, until done: () -> Bool) async throws {
        let channel = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port).get()
        try await channel.writeAndFlush(ByteBuffer(string: "\(line) HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        while !done() { try await Task.sleep(for: .milliseconds(2)) }
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close()
    }

    /// Sends an object.
    func send(
        _ method: String, _ path: String, _ body: JSONValue, headers: [String: String] = [:]
    ) async throws -> Reply {
        try await send(method, path, body.text(), headers: headers)
    }

    /// Opens a watch and reads lines until `enough` says so or the server ends it.
    ///
    /// - Parameter opened: called when the head has come.
    func watch(
        _ query: String, of path: String = Samples.path, headers: [String: String] = [:],
        opened: @escaping @Sendable () async throws -> Void = {},
        until enough: @escaping @Sendable ([JSONValue]) -> Bool
    ) async throws -> [JSONValue] {
        // HTTP/1.0: the body comes without chunks.
        var text = "GET \(path)?\(query) HTTP/1.0\r\nHost: localhost\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        let request = text + "\r\n"
        return try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var all = ""
            var isOpen = false
            for try await part in inbound {
                all += String(buffer: part)
                guard all.contains("\r\n\r\n") else { continue }
                if !isOpen {
                    isOpen = true
                    try await opened()
                }
                let events = Self.events(all)
                if enough(events) { return events }
            }
            return Self.events(all)
        }
    }

    /// Opens a watch and reads until so many lines have come; returns how many did.
    ///
    /// - Parameter opened: called when the head has come.
    func countLines(
        _ query: String, _ wanted: Int, opened: @escaping @Sendable () -> Void = {}
    ) async throws -> Int {
        let request = "GET \(Samples.path)?\(query) HTTP/1.0\r\nHost: localhost\r\n\r\n"
        return try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var lines = 0
            var head: ByteBuffer? = ByteBuffer()
            for try await part in inbound {
                var body = part
                if var started = head {
                    started.writeImmutableBuffer(part)
                    head = started
                    guard let end = String(buffer: started).rest(behind: "\r\n\r\n") else { continue }
                    head = nil
                    body = ByteBuffer(string: end)
                    opened()
                }
                lines += body.readableBytesView.count { $0 == 0x0A }
                if lines >= wanted { return lines }
            }
            return lines
        }
    }

    private static func events(_ text: String) -> [JSONValue] {
        text.components(at: "\r\n\r\n").1.split(separator: "\n").compactMap { try? JSONValue.parse(String($0)) }
    }
}

extension String {
    /// What stands behind the first occurrence; nil without one.
    fileprivate func rest(behind separator: String) -> String? {
        firstRange(of: separator).map { String(self[$0.upperBound...]) }
    }

    /// What stands before and after the first occurrence.
    fileprivate func components(at separator: String) -> (String, String) {
        guard let range = self.firstRange(of: separator) else { return (self, "") }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}

/// A value that closures share.
final class Box<T: Sendable>: Sendable {
    private let value: Mutex<T>
    init(_ value: T) { self.value = Mutex(value) }
    func set(_ new: T) { value.withLock { $0 = new } }
    func change(_ body: (T) -> T) { value.withLock { $0 = body($0) } }
    var current: T { value.withLock { $0 } }
}

extension APIServerCore {
    /// Has an upstream that answers so.
    mutating func use(_ fetch: @escaping UpstreamSource.Fetch) {
        hasUpstream = true
        sources = [UpstreamSource(fetch: fetch)]
    }
}
