import DataFrames
import Foundation
import PluginKit

/// One query as Grafana's Prometheus query editor writes it.
struct PromQuery {
    private struct Model: Decodable {
        var expr: String?
        var instant: Bool?
        var range: Bool?
        var legendFormat: String?
        var interval: String?
        var format: String?
    }

    /// Prometheus refuses more points per series.
    private static let mostPoints: Int64 = 11_000

    let refID: String
    let expression: String
    let isInstant: Bool
    let isRange: Bool
    let legend: String
    let stepMS: Int64
    let fromMS: Int64
    let toMS: Int64

    init(_ query: DataQuery) throws {
        let model: Model
        do {
            model = try JSONDecoder().decode(Model.self, from: Data(query.json))
        } catch {
            throw PluginError("the query can't be read: \(error)", status: 400)
        }
        guard let text = model.expr, !text.allSatisfy(\.isWhitespace) else {
            throw PluginError("expr: the query has no expression", status: 400)
        }
        guard query.toMS >= query.fromMS else {
            throw PluginError("timeRange: the end is before the start", status: 400)
        }
        refID = query.refID
        isInstant = model.instant ?? false
        isRange = model.range ?? !(model.instant ?? false)
        legend = model.legendFormat ?? ""
        let length = query.toMS - query.fromMS
        let smallest = try PromDuration.milliseconds(model.interval ?? "") ?? 0
        let wanted = max(query.intervalMS, smallest, length / max(1, query.maxDataPoints), length / Self.mostPoints, 1)
        // Whole seconds where that is no loss: then the points of one query and the next fall on each other.
        stepMS = wanted < 1000 ? wanted : wanted / 1000 * 1000
        fromMS = query.fromMS / stepMS * stepMS
        toMS = query.toMS / stepMS * stepMS
        expression = Variables(stepMS: stepMS, rangeMS: length).replaced(in: text)
    }

    /// Asks Prometheus; an instant and a range query may be one.
    func run(_ client: PrometheusClient) async throws -> [Frame] {
        var frames: [Frame] = []
        if isRange {
            let data = try await client.api(
                "query_range",
                [
                    ("query", expression), ("start", Self.seconds(fromMS)), ("end", Self.seconds(toMS)),
                    ("step", Self.seconds(stepMS)),
                ])
            frames += FrameBuilder(query: self, kind: "timeseries-multi").frames(data)
        }
        if isInstant {
            let data = try await client.api("query", [("query", expression), ("time", Self.seconds(toMS))])
            frames += FrameBuilder(query: self, kind: "numeric-multi").frames(data)
        }
        return frames
    }

    /// Seconds with three decimals.
    static func seconds(_ milliseconds: Int64) -> String {
        let sign = milliseconds < 0 ? "-" : ""
        let (whole, rest) = (milliseconds.magnitude / 1000, milliseconds.magnitude % 1000)
        return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(String(1000 + rest).dropFirst())"
    }
}
