internal import Glibc
import RPC

/// The life of a plugin process: cookie, listener, handshake line, and the end with the host.
enum PluginMain {
    static func run(_ make: @Sendable () throws -> any Plugin) async {
        guard environment("grafana_plugin_type") == "datasource" else {
            complain(
                "This binary is a plugin. It is started by Grafana or by a plugin host, which talk to it over a "
                    + "socket; it does nothing by itself.")
            exit(1)
        }
        // The host ends its plugins itself: Ctrl-C in its terminal must not be quicker.
        signal(SIGINT, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        let host = getppid()
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        do {
            let plugin = try make()
            let server = try PluginServer(plugin, runtime: try GRPCRuntime()) { end.finish() }
            let path = socketPath()
            _ = try server.start(on: "unix:\(path)")
            greet(path)
            let watch = Task {
                // Also without a death signal, which a host may not set, a plugin must not outlive its host.
                while !Task.isCancelled, getppid() == host {
                    try? await Task.sleep(for: .seconds(1))
                }
                end.finish()
            }
            for await _ in ended {}
            watch.cancel()
            await server.stop()
            unlink(path)
        } catch {
            PluginLogger().log(.error, "the plugin can't start", ["error": "\(error)"])
            exit(1)
        }
    }

    /// Nothing else may be on standard output before this line, so it is written in one piece past any buffer.
    private static func greet(_ path: String) {
        let line = Array("1|2|unix|\(path)|grpc|\n".utf8)
        _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }

    private static func socketPath() -> String {
        let folder = environment("PLUGIN_UNIX_SOCKET_DIR") ?? environment("TMPDIR") ?? "/tmp"
        return "\(folder)/plugin\(UInt32.random(in: 100_000_000 ... .max))"
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    private static func complain(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
