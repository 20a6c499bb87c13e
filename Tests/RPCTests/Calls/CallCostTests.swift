import Glibc
import Testing

@testable import RPC

/// What a call doesn't cost.
@Suite(.timeLimit(.minutes(1)))
struct CallCostTests {
    @Test func `the queue is looked at again only while something else is outstanding`() async throws {
        let serving = try GRPCRuntime()
        let name = EchoServer.freeName()
        let held = Held()
        let server = try GRPCServer(
            runtime: serving,
            methods: [
                GRPCServerMethod(.echo) { call in
                    if call.request.count > 0 { held.keep(call) } else { call.reply(GRPCPayload()) }
                }
            ])
        _ = try server.listen(on: name)
        server.start()
        let runtime = try GRPCRuntime()
        let channel = try GRPCChannel(runtime: runtime, target: name, methods: EchoMethod.paths)
        for _ in 0..<20 { _ = try await channel.unary(.echo, GRPCPayload()) }
        #expect(runtime.looks == 0)
        // One call that waits, and others beside it.
        async let waiting = channel.unary(.echo, GRPCPayload([1]))
        let call = try #require(await held.call())
        for _ in 0..<20 { _ = try await channel.unary(.echo, GRPCPayload()) }
        #expect(runtime.looks > 0)
        call.reply(GRPCPayload([2]))
        #expect(try await waiting.bytes == [2])
        await server.stop(cancel: true)
    }

    /// A call that the server has yet to answer.
    private final class Held: Sendable {
        private let (calls, feed) = AsyncStream.makeStream(of: GRPCServerCall.self)

        func keep(_ call: GRPCServerCall) { feed.yield(call) }
        func call() async -> GRPCServerCall? {
            for await call in calls { return call }
            return nil
        }
    }

    @Test func `no message is compressed, and nobody is told that it could be`() async throws {
        let peer = try ListeningSocket()
        let runtime = try GRPCRuntime()
        let channel = try GRPCChannel(runtime: runtime, target: peer.target, methods: EchoMethod.paths)
        async let answer = channel.unary(.echo, GRPCPayload([1]))
        let sent = await peer.read(until: "application/grpc")
        peer.close()
        _ = try? await answer
        #expect(sent.contains("application/grpc") && !sent.contains("grpc-accept-encoding"))
    }

    /// A peer that only says that it speaks HTTP/2, and shows what it is sent.
    private final class ListeningSocket: Sendable {
        struct Failure: Error {}

        let target = EchoServer.freeName()
        private let socket: CInt

        init() throws {
            socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let name = Array(target.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst())
            withUnsafeMutableBytes(of: &address.sun_path) { path in
                for (index, byte) in name.enumerated() { path[index + 1] = byte }
            }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.count)
            let isBound = withUnsafePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) == 0 }
            }
            guard socket >= 0, isBound, listen(socket, 1) == 0 else { throw Failure() }
        }

        /// What comes up to some text, within ten seconds.
        func read(until text: String) async -> String {
            let peer = accept(socket, nil, nil)
            var patience = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
            _ = send(peer, settings, settings.count, 0)
            var all: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 4096)
            while !String(decoding: all, as: UTF8.self).contains(text) {
                let count = recv(peer, &part, part.count, 0)
                guard count > 0 else { break }
                all += part[..<count]
            }
            // Whatever header comes behind it is in the same frame, which the core writes at once.
            let rest = recv(peer, &part, part.count, CInt(truncatingIfNeeded: MSG_DONTWAIT))
            if rest > 0 { all += part[..<rest] }
            Glibc.close(peer)
            return String(decoding: all, as: UTF8.self)
        }

        func close() { Glibc.close(socket) }
    }
}
