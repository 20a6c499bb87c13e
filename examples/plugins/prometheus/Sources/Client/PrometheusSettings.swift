import Foundation
import PluginKit

/// What a data source says about its Prometheus.
struct PrometheusSettings: Sendable, Equatable {
    /// GET or POST for queries; POST has no limit of length.
    var method = "POST"
    /// How far apart the points of its series are (`timeInterval`), milliseconds; nil when it doesn't say.
    var scrapeMS: Int64?
    /// Added to every query.
    var parameters: [(String, String)] = []

    init(_ source: DataSourceInstanceSettings) throws {
        let json = try? JSONSerialization.jsonObject(with: Data(source.jsonData)) as? [String: Any]
        if let text = json?["httpMethod"] as? String, text.uppercased() == "GET" { method = "GET" }
        scrapeMS = try PromDuration.milliseconds(
            json?["timeInterval"] as? String ?? "", field: "jsonData.timeInterval of the data source"
        ).flatMap { $0 > 0 ? $0 : nil }
        for pair in (json?["customQueryParameters"] as? String ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { part in
                let text = part.replacing("+", with: " ")
                return text.removingPercentEncoding ?? String(text)
            }
            if let name = parts.first { parameters.append((name, parts.count > 1 ? parts[1] : "")) }
        }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.method == right.method && left.scrapeMS == right.scrapeMS
            && left.parameters.elementsEqual(right.parameters, by: ==)
    }
}
