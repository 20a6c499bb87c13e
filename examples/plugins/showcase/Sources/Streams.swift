import Foundation
import PluginKit

extension Showcase: StreamHandler {
    /// Lets everybody listen to `ticks`, `chat` and `given`, and nobody to `secret`.
    func subscribeStream(_ request: StreamRequest) async throws -> StreamResult {
        switch request.path {
        case "ticks": StreamResult(status: .ok, data: Array("{\"tick\":0}".utf8))
        case "chat", "given": StreamResult(status: .ok)
        case "secret": StreamResult(status: .permissionDenied)
        default: StreamResult(status: .notFound)
        }
    }

    /// Sends a tick every 100 ms; `chat` has only what clients publish, and `given` what the client gave along, once.
    func runStream(_ request: StreamRequest, _ packets: PacketSender) async throws {
        if request.path == "given" {
            guard !request.data.isEmpty else { throw PluginError("this stream needs data: ?data=JSON") }
            let user = request.context.user?.login ?? ""
            try await packets.send(
                json: Array("{\"user\":\"\(user)\",\"given\":".utf8) + request.data + Array("}".utf8))
        }
        var tick = 0
        while true {
            try await Task.sleep(for: .milliseconds(100))
            guard request.path == "ticks" else { continue }
            tick += 1
            try await packets.send(json: Array("{\"tick\":\(tick)}".utf8))
        }
    }

    /// Passes on what is published to `chat`.
    func publishStream(_ request: StreamRequest) async throws -> StreamResult {
        request.path == "chat" ? StreamResult(status: .ok, data: request.data) : StreamResult(status: .permissionDenied)
    }
}
