import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

/// What bounds the metrics of a plugin.
package struct MetricsBridgeSettings: Sendable {
    /// For one call, seconds (setting plugin-call-timeout).
    package var timeout: Int
    /// The most bytes of an answer.
    package var limit: Int
    /// Where the limit is set, for messages.
    package var limitSetting: String

    /// Settings.
    package init(timeout: Int, limit: Int = 16 * 1024 * 1024, limitSetting: String = "plugin-metrics-limit") {
        self.timeout = timeout
        self.limit = limit
        self.limitSetting = limitSetting
    }
}

/// Translates a scrape to `pluginv2.Diagnostics/CollectMetrics` and answers the plugin's text as it came, once it is seen
/// to be of Prometheus' format: a scraper that trips over a line names the target, and nobody looks at the plugin.
package final class MetricsBridge {
    /// The media type of the Prometheus text format.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let settings: MetricsBridgeSettings
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let side: SideWork

    /// A bridge for one event loop.
    ///
    /// - Parameter side: looks at long texts.
    package init(
        settings: MetricsBridgeSettings, plugins: LoopPlugins, budget: MemoryBudget, side: SideWork
    ) {
        self.settings = settings
        self.plugins = plugins
        self.budget = budget
        self.side = side
    }

    /// Asks a plugin for the metrics of its process and answers the exchange with the Prometheus text format.
    ///
    /// - Parameters:
    ///   - context: an encoded plugin context; plugins don't look at it.
    ///   - patience: how long the client says it waits, seconds; nil when it doesn't say.
    package func collect(
        _ exchange: Exchange, context: ContextBytes = [], instance: PluginInstance, patience: Int? = nil
    ) {
        var call = UnaryCall(exchange, instance, plugins, timeout: settings.timeout, budget: budget)
        if let patience, patience < settings.timeout {
            call = UnaryCall(
                exchange, instance, plugins, timeout: patience, budget: budget,
                timeoutSetting: "the time that the scraper gives")
        }
        let pluginID = instance.pluginID
        call.start(.collectMetrics, PluginRequest.collectMetrics(context: context)) {
            [settings, side] (message) throws(GatewayError) in
            // Looked at before the pieces of the message are joined, which takes as much memory again.
            guard message.count <= settings.limit else { throw Self.tooLong(message.count, settings, instance) }
            exchange.work(on: message.count, "the plugin's metrics", by: side) { () throws(GatewayError) in
                do throws(WireError) {
                    let text = try message.withBytes { (bytes) throws(WireError) in try Self.text(bytes) }
                    return (text, Self.fault(text))
                } catch {
                    throw PluginFault.unreadable(error.description, pluginID)
                }
            } _: { result in
                switch result {
                case .success(let (text, fault)): Self.respond(exchange, text, fault, pluginID)
                case .failure(let error): exchange.respond(error)
                }
            }
        }
    }

    private static func fault(_ text: ByteBuffer) -> ExpositionText.Fault? {
        text.withUnsafeReadableBytes { ExpositionText.fault($0) }
    }

    private static func respond(
        _ exchange: Exchange, _ text: ByteBuffer, _ fault: ExpositionText.Fault?, _ pluginID: String
    ) {
        guard let fault else { return PacedBody.respond(exchange, 200, contentType: contentType, body: text) }
        exchange.respond(
            PluginFault.unreadable(
                "line \(fault.line) of its metrics is not of Prometheus' text format: \(fault.why): \(fault.text)",
                pluginID))
    }

    private static func tooLong(
        _ count: Int, _ settings: MetricsBridgeSettings, _ instance: PluginInstance
    ) -> GatewayError {
        GatewayError(
            .badGateway,
            "plugin \(instance.pluginID) sent \(count) bytes of metrics, limit is \(settings.limit) "
                + "(setting \(settings.limitSetting)); have it write fewer series",
            source: .plugin)
    }

    /// The text in a CollectMetricsResponse: bytes in field 1 of the message in field 1.
    private static func text(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> ByteBuffer {
        let payload = bytes.slice(try StreamPacketFields.data(bytes))
        return ByteBuffer(bytes: payload.slice(try StreamPacketFields.data(payload)))
    }
}
