import Foundation
import Glibc
import PluginKit

/// Everything that a query brought, as JSON.
enum Echo {
    static func text(_ query: DataQuery, _ request: QueryDataRequest) throws -> String {
        let context = request.context
        let source = context.dataSourceSettings
        let object: [String: Any] = [
            "refId": query.refID, "queryType": query.queryType, "maxDataPoints": query.maxDataPoints,
            "intervalMs": query.intervalMS, "from": query.fromMS, "to": query.toMS,
            "json": String(decoding: query.json, as: UTF8.self), "headers": request.headers,
            "format": request.format == .json ? "json" : "arrow", "orgId": context.orgID,
            "pluginId": context.pluginID, "pluginVersion": context.pluginVersion, "namespace": context.namespace,
            "apiVersion": context.apiVersion, "userAgent": context.userAgent, "pid": getpid(),
            "source": [
                "uid": source?.uid ?? "", "name": source?.name ?? "", "url": source?.url ?? "", "id": source?.id ?? 0,
                "json": String(decoding: source?.jsonData ?? [], as: UTF8.self),
                "secure": source?.secureJSONData ?? [:],
            ] as [String: Any],
        ]
        return String(decoding: try JSONSerialization.data(withJSONObject: object, options: .sortedKeys), as: UTF8.self)
    }
}
