import PluginKit

/// Passes resource calls on to Prometheus' API, for the label and metric lists of query editors.
enum ResourceProxy {
    /// The endpoints that may be called: reading, and nothing that administers the server.
    private static let allowed = [
        "labels", "label", "series", "metadata", "query", "query_range", "query_exemplars", "rules", "alerts",
        "status/buildinfo", "parse_query", "format_query",
    ]

    static func answer(
        _ request: CallResourceRequest, _ client: PrometheusClient, _ response: ResourceResponse
    ) async throws {
        let name = request.path.hasPrefix("api/v1/") ? String(request.path.dropFirst("api/v1/".count)) : ""
        guard allowed.contains(where: { name == $0 || name.hasPrefix("\($0)/") }), !request.path.contains("..") else {
            return try await response.send(
                status: 404, json: #"{"status":"error","errorType":"not_found","error":"unknown resource"}"#)
        }
        guard request.method == "GET" || request.method == "POST" else {
            return try await response.send(
                status: 405, json: #"{"status":"error","errorType":"bad_data","error":"use GET or POST"}"#)
        }
        var outgoing = HTTPRequest(request.method, client.path(request.url))
        for header in request.headers where header.name.lowercased() == "content-type" {
            outgoing.headers.append(("Content-Type", String(decoding: header.values.first ?? [], as: UTF8.self)))
        }
        if request.method == "POST" { outgoing.body = request.body }
        let answer = try await client.send(outgoing)
        let type = answer.header("Content-Type") ?? "application/json"
        try await response.send(
            status: Int32(clamping: answer.status), headers: [PluginHeader("Content-Type", type)], body: answer.body)
    }
}
