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

    /// Sends a tick every 100 ms, on `given` what the client gave along; `chat` has only what clients publish.
    func runStream(_ request: StreamRequest, _ packets: PacketSender) async throws {
        guard request.path != "given" || !request.data.isEmpty else {
            throw PluginError("this stream needs data: ?data=JSON")
        }
        let user = request.context.user?.login ?? ""
        let given = Array("{\"user\":\"\(user)\",\"given\":".utf8) + request.data + Array("}".utf8)
        var tick = 0
        while true {
            try await Task.sleep(for: .milliseconds(100))
            switch request.path {
            case "given": try await packets.send(json: given)
            case "ticks":
                tick += 1
                try await packets.send(json: Array("{\"tick\":\(tick)}".utf8))
            default: break
            }
        }
    }

    /// Passes on what is published to `chat`.
    func publishStream(_ request: StreamRequest) async throws -> StreamResult {
        request.path == "chat" ? StreamResult(status: .ok, data: request.data) : StreamResult(status: .permissionDenied)
    }
}
