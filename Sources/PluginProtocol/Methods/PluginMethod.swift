/// The methods that hosts and plugins know.
package enum PluginMethod: Int, Sendable, CaseIterable {
    case queryData, queryChunkedData, callResource, checkHealth, collectMetrics
    case subscribeStream, runStream, publishStream
    case validateAdmission, mutateAdmission, convertObjects
    case shutdown, streamStdio, health

    /// The full path on the wire.
    package var path: String {
        switch self {
        case .queryData: "/pluginv2.Data/QueryData"
        case .queryChunkedData: "/pluginv2.Data/QueryChunkedData"
        case .callResource: "/pluginv2.Resource/CallResource"
        case .checkHealth: "/pluginv2.Diagnostics/CheckHealth"
        case .collectMetrics: "/pluginv2.Diagnostics/CollectMetrics"
        case .subscribeStream: "/pluginv2.Stream/SubscribeStream"
        case .runStream: "/pluginv2.Stream/RunStream"
        case .publishStream: "/pluginv2.Stream/PublishStream"
        case .validateAdmission: "/pluginv2.AdmissionControl/ValidateAdmission"
        case .mutateAdmission: "/pluginv2.AdmissionControl/MutateAdmission"
        case .convertObjects: "/pluginv2.ResourceConversion/ConvertObjects"
        case .shutdown: "/plugin.GRPCController/Shutdown"
        case .streamStdio: "/plugin.GRPCStdio/StreamStdio"
        case .health: "/grpc.health.v1.Health/Check"
        }
    }

    /// Whether the answer is a stream of messages.
    package var isStreaming: Bool {
        switch self {
        case .queryChunkedData, .callResource, .runStream, .streamStdio: true
        default: false
        }
    }
}
