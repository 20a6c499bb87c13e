import DataFrames
import PluginKit

/// The exemplars of one series, as Prometheus gives them.
struct PromExemplars: Decodable {
    struct Exemplar: Decodable {
        var labels: [String: String]
        var value: PromNumber
        var timestamp: Double
    }

    var seriesLabels: [String: String]
    var exemplars: [Exemplar]
}

/// The frame of exemplars that Grafana's panels draw as points: time, value, and a column per label.
enum ExemplarFrame {
    static func frames(_ found: [PromExemplars], query: PromQuery) -> [Frame] {
        let points = found.flatMap { series in
            series.exemplars.map { (series.seriesLabels.merging($0.labels) { $1 }, $0) }
        }.filter { $0.1.timestamp.magnitude < 9e9 }.sorted { $0.1.timestamp < $1.1.timestamp }
        guard !points.isEmpty else { return [] }
        let names = Set(points.flatMap { $0.0.keys }).sorted()
        var meta = FrameMeta()
        meta.customJSON = #"{"resultType":"exemplar"}"#
        meta.executedQueryString = "Expr: \(query.expression)\nStep: \(PromDuration.text(query.stepMS))"
        return [
            Frame(
                "exemplar", meta: meta,
                fields: [
                    .times("Time", nanoseconds: points.map { Int64(($0.1.timestamp * 1000).rounded()) &* 1_000_000 }),
                    .numbers("Value", points.map { $0.1.value.double }),
                ] + names.map { name in .strings(name, points.map { $0.0[name] ?? "" }) })
        ]
    }
}
