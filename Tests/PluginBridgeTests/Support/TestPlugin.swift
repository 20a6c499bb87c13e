import DataFrames
import PluginKit
import PluginProtocol
import RPC

/// A plugin that does what closures say.
struct TestPlugin: Plugin, CallResourceHandler, CheckHealthHandler, CollectMetricsHandler {
    var resource: @Sendable (CallResourceRequest, ResourceResponse) async throws -> Void = { _, _ in }
    var health: @Sendable (CheckHealthRequest) async throws -> HealthResult = { _ in
        HealthResult(status: .ok, message: "")
    }
    var metrics: @Sendable () async throws -> String = { "" }

    init() {}

    init(_ resource: @escaping @Sendable (CallResourceRequest, ResourceResponse) async throws -> Void) {
        self.resource = resource
    }

    func callResource(_ request: CallResourceRequest, _ response: ResourceResponse) async throws {
        try await resource(request, response)
    }

    func checkHealth(_ request: CheckHealthRequest) async throws -> HealthResult { try await health(request) }
    func collectMetrics() async throws -> String { try await metrics() }
}

/// A plugin that can do nothing.
struct EmptyPlugin: Plugin {
    init() {}
}

/// A resource method that sends those messages, then ends as told.
func resourceMethod(
    _ messages: [(code: Int32, headers: [PluginHeader], body: [UInt8])], failure: GRPCError? = nil
) -> GRPCServerMethod {
    GRPCServerMethod(.callResource) { call in
        Task {
            for message in messages {
                try? await call.write(
                    CallResourceFields.payload(code: message.code, headers: message.headers, body: message.body))
            }
            if let failure { call.fail(failure) } else { call.finish() }
        }
    }
}
