import PluginKit

extension EchoPlugin: CallResourceHandler {
    /// What a query is answered with, as the gateway writes it.
    private static let answer =
        Array(#"{"results":{"A":{"status":200,"frames":["#.utf8) + readyText + Array("]}}}".utf8)

    /// Answers `message/N` with N MiB in one message, `pieces/N` with N messages of 1 MiB, and everything else with the
    /// body that the ready-made query answer has.
    func callResource(_ request: CallResourceRequest, _ response: ResourceResponse) async throws {
        let parts = request.path.split(separator: "/")
        let size = parts.count > 1 ? min(1024, max(1, Int(parts[1]) ?? 1)) : 0
        switch parts.first {
        case "message":
            try await response.send(
                headers: [PluginHeader("Content-Type", "application/octet-stream")],
                body: [UInt8](repeating: UInt8(ascii: "x"), count: size << 20))
        case "pieces":
            try await response.send(headers: [PluginHeader("Content-Type", "application/octet-stream")])
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            for _ in 0..<size { try await response.write(piece) }
        default:
            try await response.send(
                headers: [PluginHeader("Content-Type", "application/json")], body: Self.answer)
        }
    }
}
