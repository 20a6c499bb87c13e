import HTTPKit

/// The request headers that queries may carry to a plugin: Grafana's own list and nothing else.
enum QueryHeaders {
    /// `FromAlert` travels bare, the others as HTTP headers with the prefix that the plugin SDK looks for.
    private static let allowed: [(lower: StaticString, sent: String)] = [
        ("fromalert", "FromAlert"),
        ("x-cache-skip", "http_X-Cache-Skip"),
        ("x-rule-uid", "http_X-Rule-Uid"),
        ("x-rule-folder", "http_X-Rule-Folder"),
        ("x-rule-source", "http_X-Rule-Source"),
        ("x-grafana-org-id", "http_X-Grafana-Org-Id"),
    ]

    static func forwarded(_ headers: HeaderBlock) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        for field in headers.fields where field.known == .other {
            guard let sent = headers.withName(field, Self.match) else { continue }
            if !found.contains(where: { $0.name == sent }) { found.append((sent, headers.value(field))) }
        }
        return found
    }

    private static func match(_ name: UnsafeRawBufferPointer) -> String? {
        guard let first = name.first, first | 0x20 == UInt8(ascii: "x") || first | 0x20 == UInt8(ascii: "f") else {
            return nil
        }
        return allowed.first { name.equalsIgnoringCase($0.lower) }?.sent
    }
}
