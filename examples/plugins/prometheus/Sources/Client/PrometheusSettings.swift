import Foundation
import PluginKit

/// What a data source says about its Prometheus.
struct PrometheusSettings: Sendable, Equatable {
    /// The base URL without a slash at the end.
    var url: String
    /// The URL as messages may show it: without a password.
    var shownURL: String {
        guard let scheme = url.range(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        guard let at = rest.prefix(while: { $0 != "/" }).lastIndex(of: "@") else { return url }
        return String(url[..<scheme.upperBound] + rest[rest.index(after: at)...])
    }
    /// GET or POST for queries; POST has no limit of length.
    var method = "POST"
    /// Seconds for a request.
    var timeout = 30
    /// How far apart the points of its series are (`timeInterval`), milliseconds; nil when it doesn't say.
    var scrapeMS: Int64?
    /// Sent with every request.
    var headers: [(name: String, value: String)] = []
    /// Added to every query.
    var parameters: [(String, String)] = []
    /// Whether the certificate of the server is not checked.
    var skipsVerification = false

    init(_ source: DataSourceInstanceSettings) throws {
        guard !source.url.isEmpty else {
            throw PluginError.user("the data source has no url; set it to the address of Prometheus")
        }
        guard ["http://", "https://"].contains(where: { source.url.lowercased().hasPrefix($0) }) else {
            throw PluginError.user("the data source's url must begin with http:// or https://")
        }
        url = source.url
        while url.hasSuffix("/") { url.removeLast() }
        let json = try? JSONSerialization.jsonObject(with: Data(source.jsonData)) as? [String: Any]
        if let text = json?["httpMethod"] as? String, text.uppercased() == "GET" { method = "GET" }
        scrapeMS = try PromDuration.milliseconds(
            json?["timeInterval"] as? String ?? "", field: "jsonData.timeInterval of the data source"
        ).flatMap { $0 > 0 ? $0 : nil }
        if let seconds = json?["timeout"] as? Int, seconds > 0 { timeout = seconds }
        skipsVerification = json?["tlsSkipVerify"] as? Bool ?? false
        if source.basicAuthEnabled {
            let pair = "\(source.basicAuthUser):\(source.secureJSONData["basicAuthPassword"] ?? "")"
            headers.append(("Authorization", "Basic \(Data(pair.utf8).base64EncodedString())"))
        }
        var number = 1
        while let name = json?["httpHeaderName\(number)"] as? String, !name.isEmpty {
            headers.append((name, source.secureJSONData["httpHeaderValue\(number)"] ?? ""))
            number += 1
        }
        for pair in (json?["customQueryParameters"] as? String ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { part in
                let text = part.replacing("+", with: " ")
                return text.removingPercentEncoding ?? String(text)
            }
            if let name = parts.first { parameters.append((name, parts.count > 1 ? parts[1] : "")) }
        }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.url == right.url && left.method == right.method && left.timeout == right.timeout
            && left.scrapeMS == right.scrapeMS
            && left.skipsVerification == right.skipsVerification
            && left.headers.elementsEqual(right.headers, by: ==)
            && left.parameters.elementsEqual(right.parameters, by: ==)
    }
}
