import Glibc
import Synchronization

@testable import RPC

/// A server on a unix socket of its own, and a channel to it: real gRPC within one process.
struct EchoServer {
    let runtime: GRPCRuntime
    let server: GRPCServer
    let channel: GRPCChannel

    init(_ methods: [GRPCServerMethod]) throws {
        runtime = try GRPCRuntime()
        let name = Self.freeName()
        server = try GRPCServer(runtime: runtime, methods: methods)
        _ = try server.listen(on: name)
        server.start()
        channel = try GRPCChannel(runtime: runtime, target: name, methods: EchoMethod.paths)
    }

    /// A socket without a file, which nobody listens on.
    static func freeName() -> String { "unix-abstract:rpc-\(getpid())-\(count.add(1, ordering: .relaxed).newValue)" }

    private static let count = Atomic(0)

    static let echo = GRPCServerMethod(.echo) { call in
        call.reply(GRPCPayload(call.request.bytes))
    }

    func stop() async {
        await server.stop(cancel: true)
    }
}
