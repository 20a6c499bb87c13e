import Bytes
internal import CGRPC
import RPC

/// What a plugin says about its health.
public struct HealthResult: Sendable, Equatable {
    /// The verdict.
    public enum Status: Int32, Sendable {
        case unknown = 0
        case ok = 1
        case error = 2
    }

    /// The verdict; a number nobody knows reads as unknown.
    public var status: Status
    /// A sentence for people.
    public var message: String
    /// A JSON object, or nothing.
    public var jsonDetails: [UInt8]

    /// A result.
    public init(status: Status, message: String, jsonDetails: [UInt8] = []) {
        self.status = status
        self.message = message
        self.jsonDetails = jsonDetails
    }

    /// Reads a CheckHealthResponse.
    package init(_ message: GRPCMessage) throws(WireError) {
        self = try unpack(
            message, as: "CheckHealthResponse", pluginv2__check_health_response__unpack,
            pluginv2__check_health_response__free_unpacked
        ) { response in
            HealthResult(
                status: Status(rawValue: response.status) ?? .unknown, message: response.message.text,
                jsonDetails: response.jsondetails.bytes)
        }
    }

    /// Writes a CheckHealthResponse, for plugins.
    package func payload() -> GRPCPayload {
        WireWriter.payload { writer in
            writer.int(1, Int64(status.rawValue))
            writer.string(2, message)
            writer.bytes(3, jsonDetails)
        }
    }
}

/// The answer to subscribing and publishing.
public struct StreamResult: Sendable, Equatable {
    /// The verdict.
    public enum Status: Int32, Sendable {
        case ok = 0
        case notFound = 1
        case permissionDenied = 2
    }

    /// The verdict; a number nobody knows reads as permission denied.
    public var status: Status
    /// JSON for the client, or nothing.
    public var data: [UInt8]

    /// A result.
    public init(status: Status, data: [UInt8] = []) {
        self.status = status
        self.data = data
    }

    /// Reads a SubscribeStreamResponse or PublishStreamResponse.
    package init(_ message: GRPCMessage) throws(WireError) {
        self = try unpack(
            message, as: "stream response", pluginv2__stream_response__unpack,
            pluginv2__stream_response__free_unpacked
        ) { response in
            StreamResult(
                status: Status(rawValue: response.status) ?? .permissionDenied, data: response.data.bytes)
        }
    }

    /// Writes the response, for plugins.
    package func payload() -> GRPCPayload {
        WireWriter.payload { writer in
            writer.int(1, Int64(status.rawValue))
            writer.bytes(2, data)
        }
    }
}

/// Metrics of a plugin in the Prometheus text format.
package enum CollectMetricsResult {
    /// Reads a CollectMetricsResponse.
    package static func prometheus(_ message: GRPCMessage) throws(WireError) -> [UInt8] {
        try unpack(
            message, as: "CollectMetricsResponse", pluginv2__collect_metrics_response__unpack,
            pluginv2__collect_metrics_response__free_unpacked
        ) { $0.metrics?.pointee.prometheus.bytes ?? [] }
    }

    /// Writes a CollectMetricsResponse, for plugins.
    package static func payload(_ prometheus: [UInt8]) -> GRPCPayload {
        WireWriter.payload { writer in
            writer.message(1) { $0.bytes(1, prometheus) }
        }
    }
}

/// The answer of the standard health service.
package enum ServingStatus {
    /// Whether a HealthCheckResponse says SERVING.
    package static func isServing(_ message: GRPCMessage) throws(WireError) -> Bool {
        try unpack(
            message, as: "HealthCheckResponse", grpc__health__v1__health_check_response__unpack,
            grpc__health__v1__health_check_response__free_unpacked
        ) { $0.status == 1 }
    }
}

/// One piece of what a Go plugin wrote to its standard streams after the handshake.
package struct StdioData: Sendable, Equatable {
    /// Whether it was standard error.
    package let isError: Bool
    /// The bytes, not cut at line ends.
    package let data: [UInt8]

    /// Reads a plugin.StdioData.
    package init(_ message: GRPCMessage) throws(WireError) {
        (isError, data) = try unpack(
            message, as: "StdioData", plugin__stdio_data__unpack, plugin__stdio_data__free_unpacked
        ) { ($0.channel == 2, $0.data.bytes) }
    }
}
