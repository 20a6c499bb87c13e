import Foundation
import PluginKit

extension Showcase: CallResourceHandler {
    /// Answers `echo` with what it got, `count` with ten lines, one every 100 ms, `large/N` with N MiB in pieces and
    /// `message/N` with N MiB at once, and 404 for anything else.
    func callResource(_ request: CallResourceRequest, _ response: ResourceResponse) async throws {
        switch request.path.split(separator: "/").first {
        case "echo":
            let names = request.headers.map { [$0.name] + $0.values.map { String(decoding: $0, as: UTF8.self) } }
            var echo = JSON([])
            echo["method"] = request.method
            echo["path"] = request.path
            echo["url"] = request.url
            echo["body"] = String(decoding: request.body, as: UTF8.self)
            echo["user"] = request.context.user?.login ?? ""
            echo["dataSource"] = request.context.dataSourceSettings?.uid ?? ""
            echo["appSettings"] = request.context.appSettings.map { String(decoding: $0.jsonData, as: UTF8.self) } ?? ""
            echo["headers"] = names
            try await response.send(json: String(decoding: echo.bytes, as: UTF8.self))
        case "count":
            try await response.send(headers: [PluginHeader("Content-Type", "text/plain; charset=utf-8")])
            for number in 1...10 {
                try await response.write(Array("\(number)\n".utf8))
                try await Task.sleep(for: .milliseconds(100))
            }
        case "large":
            // So many MiB, piece by piece.
            let size = min(1024, max(1, Int(request.path.split(separator: "/").last ?? "") ?? 1))
            try await response.send(headers: [PluginHeader("Content-Type", "application/octet-stream")])
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1024 * 1024)
            for _ in 0..<size { try await response.write(piece) }
        case "message":
            // So many MiB in one message.
            let size = min(1024, max(1, Int(request.path.split(separator: "/").last ?? "") ?? 1))
            try await response.send(
                headers: [PluginHeader("Content-Type", "application/octet-stream")],
                body: [UInt8](repeating: UInt8(ascii: "x"), count: size << 20))
        default:
            try await response.send(status: 404, json: "{\"message\":\"there is no \(request.method) of this path\"}")
        }
    }
}
