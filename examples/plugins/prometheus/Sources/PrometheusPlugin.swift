import PluginKit

/// A data source plugin for Prometheus: PromQL queries, health, and the label endpoints that query editors use.
@main
struct PrometheusPlugin: QueryDataHandler, CheckHealthHandler, CallResourceHandler {
    private let clients = HTTPClients()

    func query(_ query: DataQuery, in request: QueryDataRequest) async throws -> DataResponse {
        let client = try PrometheusClient(request.context, clients)
        let model = try PromQuery(query, scrapeMS: client.settings.scrapeMS)
        return DataResponse(frames: try await model.run(client, isAlone: request.queries.count == 1))
    }

    func checkHealth(_ request: CheckHealthRequest) async throws -> HealthResult {
        do {
            let client = try PrometheusClient(request.context, clients)
            let _: PromData = try await client.api("query", [("query", "1+1")])
            return HealthResult(status: .ok, message: "Successfully queried the Prometheus API.")
        } catch {
            return HealthResult(status: .error, message: "\(PluginError(wrapping: error).message)")
        }
    }

    func callResource(_ request: CallResourceRequest, _ response: ResourceResponse) async throws {
        let client = try PrometheusClient(request.context, clients)
        try await ResourceProxy.answer(request, client, response)
    }
}
