import Foundation

/// Another start on the folders of a gateway.
final class SecondStart: Sendable {
    let process: ChildProcess
    let port: UInt16
    let securePort: UInt16

    init(of gateway: Gateway) throws {
        let folder = gateway.folder.path
        process = try ChildProcess(
            Programs.gateway(),
            [
                "serve", "--http-port", "any", "--secure-port", "any", "--admin-address", "127.0.0.1:0",
                "--plugins-dir", "\(folder)/plugins",
                "--provisioning", "\(folder)/provisioning", "--manifests", "\(folder)/manifests", "--data-dir",
                "\(folder)/data",
            ])
        guard let ready = process.stdout.wait(containing: "ready ") else {
            process.end()
            throw Trouble("the gateway did not start again: \(process.stderr.tail())")
        }
        port = Gateway.port(ready, "http")
        securePort = Gateway.port(ready, "https")
    }

    /// One request on a connection of its own.
    func request(_ method: String, _ target: String, body: String? = nil) throws -> Answer {
        try RawClient(port: port).request(method, target, body: body)
    }
}
