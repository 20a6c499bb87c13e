import DataFrames
import Foundation
import PluginKit

/// Turns an answer of Prometheus into data frames, one per series.
struct FrameBuilder {
    let query: PromQuery
    /// `timeseries-multi` or `numeric-multi`.
    let kind: String

    func frames(_ data: PromData) -> [Frame] {
        switch data {
        case .series(let list):
            if list.isEmpty { return [Frame(meta: meta)] }
            return list.map { series in
                let points = series.values ?? series.value.map { [$0] } ?? []
                return frame(points, labels: series.metric)
            }
        case .scalar(let point):
            return [frame([point], labels: [:])]
        case .string(let text):
            return [Frame(meta: meta, fields: [.strings("Value", [text])])]
        }
    }

    private func frame(_ points: [PromPoint], labels: [String: String]) -> Frame {
        let name = Legend.name(query.legend, labels: labels, expression: query.expression)
        let times = points.map { $0.milliseconds &* 1_000_000 }
        var time = FieldConfig()
        time.interval = kind == "timeseries-multi" ? Double(query.stepMS) : nil
        return Frame(
            name, meta: meta,
            fields: [
                .times("Time", nanoseconds: times, config: time),
                .numbers("Value", points.map(\.value), labels: labels, config: FieldConfig(displayNameFromDS: name)),
            ])
    }

    private var meta: FrameMeta {
        var meta = FrameMeta()
        meta.type = kind
        meta.typeVersion = (0, 1)
        meta.executedQueryString = "Expr: \(query.expression)\nStep: \(PromDuration.text(query.stepMS))"
        return meta
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
