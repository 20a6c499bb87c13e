import DataFrames
import Foundation
import PluginKit

/// One query as Grafana's Prometheus query editor writes it.
struct PromQuery {
    /// The shape of the answer.
    enum Format: String {
        case timeSeries = "time_series"
        case table
        case heatmap
    }

    private struct Model: Decodable {
        var expr: String?
        var instant: Bool?
        var range: Bool?
        var exemplar: Bool?
        var legendFormat: String?
        var interval: String?
        var intervalMs: Double?
        var intervalFactor: Double?
        var utcOffsetSec: Double?
        var format: String?
    }

    let refID: String
    let expression: String
    let isInstant: Bool
    let isRange: Bool
    let wantsExemplars: Bool
    let format: Format
    let legend: String
    let stepMS: Int64
    /// The range as asked for.
    let fromMS: Int64
    let toMS: Int64
    private let offsetMS: Int64

    /// Reads a query.
    ///
    /// - Parameter scrapeMS: what the data source says about the distance of its points; nil when it says nothing.
    init(_ query: DataQuery, scrapeMS: Int64?) throws {
        let model = try Self.model(query.json)
        guard let text = model.expr, !text.allSatisfy(\.isWhitespace) else {
            throw PluginError.user("expr: the query has no expression")
        }
        // Far from where sums of times stop fitting.
        guard max(query.fromMS.magnitude, query.toMS.magnitude) < 1 << 53 else {
            throw PluginError.user("timeRange: the time is out of range")
        }
        guard query.toMS >= query.fromMS else { throw PluginError.user("timeRange: the end is before the start") }
        refID = query.refID
        isInstant = model.instant ?? false
        // A query that asks for neither is one of old, which was a range.
        isRange = (model.range ?? false) || !isInstant
        wantsExemplars = model.exemplar ?? false
        format = model.format.flatMap(Format.init(rawValue:)) ?? .timeSeries
        legend = model.legendFormat ?? ""
        fromMS = query.fromMS
        toMS = query.toMS
        offsetMS = Int64(max(-86_400, min(86_400, model.utcOffsetSec ?? 0)) * 1000)
        let step = try PromStep(
            rangeMS: toMS - fromMS, points: query.maxDataPoints, interval: model.interval ?? "",
            intervalMS: model.intervalMs.map { Int64(max(0, min(1e12, $0))) }, scrapeMS: scrapeMS,
            factor: model.intervalFactor.map { Int64(max(1, min(1e6, $0))) } ?? 1)
        stepMS = step.milliseconds
        expression = Variables(stepMS: stepMS, rangeMS: toMS - fromMS, rateMS: step.rateMS).replaced(in: text)
    }

    private static func model(_ json: [UInt8]) throws -> Model {
        do {
            return try JSONDecoder().decode(Model.self, from: Data(json))
        } catch DecodingError.typeMismatch(let type, let context) {
            let field = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw PluginError.user("\(field.isEmpty ? "the query" : field): must be \(words(for: type))")
        } catch {
            throw PluginError.user("the query is no JSON object that can be read")
        }
    }

    private static func words(for type: any Any.Type) -> String {
        if type == String.self { return "a text" }
        if type == Bool.self { return "true or false" }
        return type == Double.self ? "a number" : "an object"
    }

    /// A time on the grid of the step: points of one query and the next fall on each other.
    func aligned(_ milliseconds: Int64) -> Int64 {
        let time = milliseconds + offsetMS
        let rest = time % stepMS
        return time - (rest < 0 ? rest + stepMS : rest) - offsetMS
    }

    /// Asks Prometheus; an instant and a range query may be one.
    func run(_ client: PrometheusClient, isAlone: Bool = true) async throws -> [Frame] {
        var frames: [Frame] = []
        if isRange {
            let data: PromData = try await client.api(
                "query_range",
                [
                    ("query", expression), ("start", Self.seconds(aligned(fromMS))),
                    ("end", Self.seconds(aligned(toMS))), ("step", Self.seconds(stepMS)),
                ])
            frames += FrameBuilder(query: self, isRange: true, isAlone: isAlone).frames(data)
        }
        if isInstant {
            // The very end: on the grid it could be hours before.
            let data: PromData = try await client.api("query", [("query", expression), ("time", Self.seconds(toMS))])
            frames += FrameBuilder(query: self, isRange: false, isAlone: isAlone).frames(data)
        }
        if isRange, wantsExemplars { frames += await exemplars(client) }
        return frames
    }

    /// What makes single measurements stand out; without it the rest of the answer is as good.
    private func exemplars(_ client: PrometheusClient) async -> [Frame] {
        do {
            let found: [PromExemplars] = try await client.api(
                "query_exemplars",
                [("query", expression), ("start", Self.seconds(fromMS)), ("end", Self.seconds(toMS))])
            return ExemplarFrame.frames(found, query: self)
        } catch {
            PluginLogger().log(.warn, "no exemplars: \(PluginError(wrapping: error).message)")
            return []
        }
    }

    /// Seconds with three decimals.
    static func seconds(_ milliseconds: Int64) -> String {
        let sign = milliseconds < 0 ? "-" : ""
        let (whole, rest) = (milliseconds.magnitude / 1000, milliseconds.magnitude % 1000)
        return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(String(1000 + rest).dropFirst())"
    }
}
