import DataFrames
import Foundation
import PluginKit

extension Showcase: QueryDataHandler {
    /// Answers `{"wave": "sine" | "types", "points": N}`.
    func query(_ query: DataQuery, in request: QueryDataRequest) async throws -> DataResponse {
        let wish = JSON(query.json)
        switch wish["wave"] as? String ?? "sine" {
        case "sine": return DataResponse(frames: [Self.sine(Self.points(wish["points"] as? Int))])
        case "types": return DataResponse(frames: [Self.types])
        case let other: throw PluginError("there is no wave \"\(other)\"; ask for sine or types", status: 400)
        }
    }

    /// The last seconds, as many as asked for.
    static func points(_ wanted: Int?) -> ArraySlice<Int64> {
        let count = max(1, min(wanted ?? 100, 100_000))
        let end = Int64(Date().timeIntervalSince1970)
        return (0..<count).map { end - Int64(count - 1 - $0) }[...]
    }

    /// A wave, one point a second.
    static func sine(_ seconds: ArraySlice<Int64>) -> Frame {
        Frame(
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
