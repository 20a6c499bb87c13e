import DataFrames
import Foundation
import PluginKit

/// Turns an answer of Prometheus into data frames in the shape that the query asks for.
struct FrameBuilder {
    let query: PromQuery
    /// Whether the answer is that of a range query.
    let isRange: Bool
    /// Whether the query is the only one of its request.
    let isAlone: Bool

    func frames(_ data: PromData) -> [Frame] {
        switch data {
        case .series(let list):
            if query.format == .table { return [table(list)] }
            if query.format == .heatmap, let frames = heatmaps(list) { return frames }
            if list.isEmpty { return [Frame(meta: meta(isRange ? "timeseries-multi" : "numeric-multi"))] }
            return list.map { frame($0.points, labels: $0.metric) }
        case .scalar(let point):
            let series = PromSeries(metric: [:], value: point)
            return query.format == .table ? [table([series])] : [frame([point], labels: [:])]
        case .string(let text):
            return [Frame(meta: meta("table"), fields: [.strings("Value", [text])])]
        }
    }

    private func frame(_ points: [PromPoint], labels: [String: String]) -> Frame {
        let name = Legend.name(query.legend, labels: labels, expression: query.expression)
        return Frame(
            name, meta: meta(isRange ? "timeseries-multi" : "numeric-multi"),
            fields: [
                timeField(points.map(\.milliseconds)),
                .numbers("Value", points.map(\.value), labels: labels, config: FieldConfig(displayNameFromDS: name)),
            ])
    }

    private func timeField(_ milliseconds: [Int64]) -> Field {
        var config = FieldConfig()
        config.interval = isRange ? Double(query.stepMS) : nil
        return .times("Time", nanoseconds: milliseconds.map { $0 &* 1_000_000 }, config: config)
    }

    private func meta(_ type: String) -> FrameMeta {
        var meta = FrameMeta()
        meta.type = type
        meta.typeVersion = (0, 1)
        meta.customJSON = #"{"resultType":"\#(isRange ? "matrix" : "vector")"}"#
        meta.executedQueryString = "Expr: \(query.expression)\nStep: \(PromDuration.text(query.stepMS))"
        return meta
    }

    // MARK: - Table

    /// One row per point: its time, a column per label, the value.
    private func table(_ list: [PromSeries]) -> Frame {
        var names: [String] = []
        for series in list { names += series.metric.keys.sorted().filter { !names.contains($0) } }
        let rows = list.flatMap { series in series.points.map { (series.metric, $0) } }
        var filterable = FieldConfig()
        filterable.filterable = true
        let labels = names.map { name -> Field in
            let texts = rows.map { $0.0[name] ?? "" }
            // The bounds of buckets are numbers.
            guard name == Self.bound else { return .strings(name, texts, config: filterable) }
            return .numbers(name, texts.map { Self.number($0) }, config: filterable)
        }
        var meta = meta("table")
        meta.preferredVisualisationType = "rawPrometheus"
        return Frame(
            meta: meta,
            fields: [timeField(rows.map { $0.1.milliseconds })] + labels
                + [.numbers(isAlone ? "Value" : "Value #\(query.refID)", rows.map { $0.1.value })])
    }

    // MARK: - Heatmap

    /// The label that holds the upper bound of a bucket.
    private static let bound = "le"

    private static func number(_ text: String?) -> Double? {
        switch text {
        case "+Inf", "Inf": .infinity
        case "-Inf": -.infinity
        default: text.flatMap(Double.init)
        }
    }

    /// A frame per histogram with a column per bucket, each without what is in the buckets below it; nil when the series
    /// are no buckets.
    private func heatmaps(_ list: [PromSeries]) -> [Frame]? {
        guard !list.isEmpty, list.allSatisfy({ Self.number($0.metric[Self.bound]) != nil }) else { return nil }
        let groups = Dictionary(grouping: list) { series in
            Legend.series(series.metric.filter { $0.key != Self.bound })
        }
        return groups.sorted { $0.key < $1.key }.map { name, buckets in
            let sorted = buckets.sorted {
                (Self.number($0.metric[Self.bound]) ?? 0) < (Self.number($1.metric[Self.bound]) ?? 0)
            }
            let times = Set(sorted.flatMap { $0.points.map(\.milliseconds) }).sorted()
            var below: [Int64: Double] = [:]
            var fields = [timeField(times)]
            for bucket in sorted {
                let counts = Dictionary(bucket.points.map { ($0.milliseconds, $0.value) }) { $1 }
                let values = times.map { time in counts[time].map { max(0, $0 - (below[time] ?? 0)) } }
                below.merge(counts) { $1 }
                fields.append(.numbers(bucket.metric[Self.bound] ?? "", values, labels: bucket.metric))
            }
            return Frame(name, meta: meta("heatmap-rows"), fields: fields)
        }
    }
}

/// The name that a series is shown with.
enum Legend {
    /// `{{label}}` is replaced by the label's value; without a format the series itself, as Prometheus writes it.
    static func name(_ format: String, labels: [String: String], expression: String) -> String {
        if format.isEmpty || format == "__auto" {
            return labels.isEmpty ? expression : series(labels)
        }
        var out = ""
        var rest = format[...]
        while let open = rest.range(of: "{{"), let close = rest[open.upperBound...].range(of: "}}") {
            out += rest[..<open.lowerBound]
            let label = rest[open.upperBound..<close.lowerBound].filter { !$0.isWhitespace }
            out += labels[label] ?? ""
            rest = rest[close.upperBound...]
        }
        return out + rest
    }

    /// `name{label="value"}` with the labels sorted.
    static func series(_ labels: [String: String]) -> String {
        let pairs = labels.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }
            .map { label, value in
                "\(label)=\"\(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
            }
        return (labels["__name__"] ?? "") + (pairs.isEmpty ? "" : "{\(pairs.joined(separator: ", "))}")
    }
}
