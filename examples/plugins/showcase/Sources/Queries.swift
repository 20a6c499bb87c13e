import DataFrames
import Foundation
import PluginKit

extension Showcase: QueryDataHandler {
    /// Answers `{"wave": "sine" | "types", "points": N}`.
    func query(_ query: DataQuery, in request: QueryDataRequest) async throws -> DataResponse {
        let wish = JSON(query.json)
        switch wish["wave"] as? String ?? "sine" {
        case "sine": return DataResponse(frames: [Self.sine(points: wish["points"] as? Int ?? 100)])
        case "types": return DataResponse(frames: [Self.types])
        case let other: throw PluginError("there is no wave \"\(other)\"; ask for sine or types", status: 400)
        }
    }

    /// A wave of the last minutes, one point a second.
    private static func sine(points: Int) -> Frame {
        let count = max(1, min(points, 100_000))
        let end = Int64(Date().timeIntervalSince1970)
        let seconds = (0..<count).map { end - Int64(count - 1 - $0) }
        return Frame(
            "sine",
            fields: [
                .times("time", nanoseconds: seconds.map { $0 * 1_000_000_000 }),
                .numbers("value", seconds.map { sin(Double($0 % 60) / 60 * 2 * .pi) }),
            ])
    }

    /// A column of every type that dashboards meet, with gaps.
    private static var types: Frame {
        Frame(
            "types",
            fields: [
                .times("time", nanoseconds: [1_577_934_240_000_000_000, nil] as [Int64?]),
                .numbers("float64", [0.1, nil] as [Double?]),
                .numbers("float32", [Float(1.5), 2.5]),
                .numbers("int64", [Int64.max, .min]),
                .numbers("uint8", [UInt8(0), 255]),
                .booleans("bool", [true, nil] as [Bool?]),
                .strings("string", ["quote \" and ünï", nil] as [String?]),
                .enumeration("state", [0, 1], texts: ["ok", "broken"]),
            ])
    }
}
