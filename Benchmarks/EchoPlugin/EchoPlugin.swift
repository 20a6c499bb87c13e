import DataFrames
import PluginKit

/// A plugin that answers at once, so that what stands before it is what is measured.
///
/// The query type `rows:N` asks for a frame of N rows that is encoded for each answer, in the format the host wants,
/// `text:N` for one with N MiB of text; any other query gets a ready-made frame of 100 rows.
@main
struct EchoPlugin: QueryDataHandler {
    private static let ready = EncodedFrame(readyText, format: .json)

    /// The ready-made frame.
    static let readyText: [UInt8] = {
        let times = (0..<100).map { "\(1_700_000_000_000 + $0 * 15_000)" }.joined(separator: ",")
        let values = (0..<100).map { "\(Double($0) * 1.25)" }.joined(separator: ",")
        let text =
            #"{"schema":{"refId":"A","fields":[{"name":"Time","type":"time","typeInfo":{"frame":"time.Time"}},"#
            + #"{"name":"Value","type":"number","typeInfo":{"frame":"float64"}}]},"data":{"values":["#
            + "[\(times)],[\(values)]]}}"
        return Array(text.utf8)
    }()

    func queryData(_ request: QueryDataRequest) async throws -> [String: DataResponse] {
        var responses: [String: DataResponse] = [:]
        for query in request.queries {
            if query.queryType.hasPrefix("rows:"), let rows = Int64(query.queryType.dropFirst(5)) {
                responses[query.refID] = DataResponse(frames: [Self.frame(min(max(rows, 0), 1_000_000))])
            } else if query.queryType.hasPrefix("text:"), let size = Int(query.queryType.dropFirst(5)) {
                let line = String(repeating: "x", count: 1 << 20)
                let lines = Array(repeating: line, count: min(max(size, 1), 1024))
                responses[query.refID] = DataResponse(frames: [Frame("text", fields: [.strings("text", lines)])])
            } else {
                responses[query.refID] = DataResponse(frames: [Self.ready])
            }
        }
        return responses
    }

    private static func frame(_ rows: Int64) -> Frame {
        var random = SplitMix(state: 42)
        return Frame(
            "series",
            fields: [
                .times("Time", nanoseconds: (0..<rows).map { 1_700_000_000_000_000_000 + $0 * 15_000_000_000 }),
                .numbers("Value", (0..<rows).map { _ in random.next() }, labels: ["job": "bench"]),
            ])
    }
}

/// Random doubles that are the same in every run.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53 * 1000
    }
}
