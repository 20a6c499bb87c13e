import DataFrames
import Foundation
import Glibc
import PluginKit
import RPC

/// A data source plugin for tests: the field `do` of a query's JSON says what happens to it.
///
/// `echo` (the default) tells what the plugin got; `error`, `fail` and `grpc` fail in their way; `sleep` waits and
/// logs when its call is cancelled; `exit` ends the process; `rows` answers with many rows, `text` with long texts; `missing`
/// leaves the query out of the answer; `status` gives a bare status; `flood` writes to both standard streams.
@main
struct TestPlugin: QueryDataHandler, CheckHealthHandler, ServingHandler {
    /// While a file of that name lies beside its plugin.json it says that it doesn't.
    func isServing() async -> Bool { access("not-serving", F_OK) != 0 }

    func queryData(_ request: QueryDataRequest) async throws -> [String: DataResponse] {
        var responses: [String: DataResponse] = [:]
        for query in request.queries {
            let wish = Wish(query.json)
            switch wish.text("do") {
            case "fail":
                throw PluginError(wish.text("message"))
            case "grpc":
                throw GRPCError(
                    code: .init(rawValue: Int32(wish.number("code"))), message: wish.text("message"))
            case "missing":
                continue
            default:
                do {
                    responses[query.refID] = try await self.query(query, in: request)
                } catch let error as PluginError {
                    responses[query.refID] = DataResponse(error: error)
                }
            }
        }
        return responses
    }

    func query(_ query: DataQuery, in request: QueryDataRequest) async throws -> DataResponse {
        let wish = Wish(query.json)
        switch wish.text("do") {
        case "error":
            throw PluginError(
                wish.text("message"), status: Int32(wish.number("status")),
                source: wish.text("source") == "downstream" ? .downstream : .plugin)
        case "sleep":
            let tag = wish.text("tag")
            PluginLogger().log(.info, "sleeping \(tag)")
            do {
                try await Task.sleep(for: .milliseconds(wish.number("ms")))
            } catch {
                PluginLogger().log(.info, "cancelled \(tag)")
                throw error
            }
            return DataResponse(frames: [])
        case "exit":
            exit(Int32(wish.number("code")))
        case "rows":
            let count = wish.number("rows")
            return DataResponse(frames: [
                Frame(
                    "rows",
                    fields: [
                        .times("time", nanoseconds: (0..<count).map { Int64($0) * 1_000_000_000 }),
                        .numbers("value", (0..<count).map { Double($0) + 0.5 }),
                    ])
            ])
        case "text":
            // So many MiB in one frame.
            let line = String(repeating: "x", count: 1 << 20)
            return DataResponse(frames: [
                Frame("text", fields: [.strings("text", Array(repeating: line, count: wish.number("mib")))])
            ])
        case "columns":
            return DataResponse(frames: [Self.columns])
        case "status":
            return DataResponse(frames: [], status: Int32(wish.number("status")))
        case "flood":
            Self.flood(wish.number("lines"))
            return DataResponse(frames: [])
        default:
            return DataResponse(frames: [Frame("echo", fields: [.strings("echo", [try Echo.text(query, request)])])])
        }
    }

    func checkHealth(_ request: CheckHealthRequest) async throws -> HealthResult {
        HealthResult(status: .ok, message: "fine")
    }

    /// Values that JSON has no words for, and the types that dashboards meet.
    private static let columns = Frame(
        "columns",
        fields: [
            .times("time", nanoseconds: [1_577_934_240_000_000_000, 1_577_934_300_000_001_500] as [Int64]),
            .numbers("float", [Double.nan, Double.infinity]),
            .numbers("maybe", [nil, 2] as [Double?]),
            .booleans("bool", [true, false]),
            .strings("text", ["quote \" and \u{1}", "ünï"]),
        ])

    private static func flood(_ lines: Int) {
        let line = Array((String(repeating: "x", count: 199) + "\n").utf8)
        for _ in 0..<lines {
            for stream in [Int32(1), 2] { _ = line.withUnsafeBytes { write(stream, $0.baseAddress, $0.count) } }
        }
    }
}

/// What a query's JSON asks for.
private struct Wish {
    private let fields: [String: Any]

    init(_ json: [UInt8]) {
        fields = (try? JSONSerialization.jsonObject(with: Data(json))) as? [String: Any] ?? [:]
    }

    func text(_ key: String) -> String { fields[key] as? String ?? "" }
    func number(_ key: String) -> Int { fields[key] as? Int ?? 0 }
}
