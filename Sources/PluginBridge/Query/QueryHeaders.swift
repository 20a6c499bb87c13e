import Bytes
import HTTPKit

/// The request headers that queries carry to a plugin: Grafana's own lists, the credentials that the data source lets
/// through, and nothing else.
enum QueryHeaders {
    /// `FromAlert` travels bare, the others as HTTP headers with the prefix that the plugin SDK looks for.
    private static let allowed: [(lower: StaticString, sent: String)] = [
        ("fromalert", "FromAlert"),
        ("x-cache-skip", "http_X-Cache-Skip"),
        ("x-rule-uid", "http_X-Rule-Uid"),
        ("x-rule-folder", "http_X-Rule-Folder"),
        ("x-rule-source", "http_X-Rule-Source"),
        ("x-grafana-org-id", "http_X-Grafana-Org-Id"),
        // Where a query comes from: what Grafana's own pages send and its server passes on.
        ("x-query-group-id", "http_X-Query-Group-Id"),
        ("x-panel-id", "http_X-Panel-Id"),
        ("x-panel-plugin-id", "http_X-Panel-Plugin-Id"),
        ("x-panel-title", "http_X-Panel-Title"),
        ("x-dashboard-uid", "http_X-Dashboard-Uid"),
        ("x-dashboard-title", "http_X-Dashboard-Title"),
        ("x-datasource-uid", "http_X-Datasource-Uid"),
        ("x-grafana-from-expr", "http_X-Grafana-From-Expr"),
    ]

    static func forwarded(
        _ headers: HeaderBlock, _ forwarding: HeaderForwarding
    ) -> [(name: String, value: String)] {
        var found = forwarding.credentials(headers)
        for field in headers.fields where field.known == .other {
            guard let sent = headers.withName(field, Self.match) else { continue }
            if found.contains(where: { $0.name == sent }) { continue }
            found.append((sent, sent.hasSuffix("-Title") ? headers.withValue(field, escaped) : headers.value(field)))
        }
        return found
    }

    private static func match(_ name: UnsafeRawBufferPointer) -> String? {
        guard let first = name.first, first | 0x20 == UInt8(ascii: "x") || first | 0x20 == UInt8(ascii: "f") else {
            return nil
        }
        return allowed.first { name.equalsIgnoringCase($0.lower) }?.sent
    }

    /// A title with everything beyond ASCII in percent form, as Grafana writes it: headers of further requests can't hold
    /// it otherwise.
    private static func escaped(_ title: UnsafeRawBufferPointer) -> String {
        String(decoding: Percent.encode(title, keeping: .ascii), as: UTF8.self)
    }
}
