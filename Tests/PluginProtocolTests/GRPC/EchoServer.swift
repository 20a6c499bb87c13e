import Synchronization

@testable import PluginProtocol

/// A server on a unix socket of its own, and a channel to it: real gRPC within one process.
struct EchoServer {
    let runtime: GRPCRuntime
    let server: GRPCServer
    let channel: GRPCChannel

    init(_ methods: [GRPCServerMethod]) throws {
        runtime = try GRPCRuntime()
        let path = try TemporaryFolder.make() + "/s"
        server = try GRPCServer(runtime: runtime, methods: methods)
        _ = try server.listen(on: "unix:\(path)")
        server.start()
        channel = try GRPCChannel(runtime: runtime, address: .unix(path: path))
    }

    static let echo = GRPCServerMethod(.queryData) { call in
        call.reply(GRPCPayload(call.request.bytes))
    }

    func stop() async {
        await server.stop(cancel: true)
    }
}
