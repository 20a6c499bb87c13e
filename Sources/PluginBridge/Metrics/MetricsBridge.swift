import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol

/// Translates a scrape to `pluginv2.Diagnostics/CollectMetrics` and answers the plugin's text as it came.
package final class MetricsBridge {
    private let timeout: Int
    private let plugins: LoopPlugins
    private let budget: MemoryBudget

    /// A bridge for one event loop.
    ///
    /// - Parameter timeout: for one call, seconds (setting plugin-call-timeout).
    package init(timeout: Int, plugins: LoopPlugins, budget: MemoryBudget) {
        self.timeout = timeout
        self.plugins = plugins
        self.budget = budget
    }

    /// Asks a plugin for the metrics of its process and answers the exchange with the Prometheus text format.
    ///
    /// - Parameter context: an encoded plugin context; plugins don't look at it.
    package func collect(_ exchange: Exchange, context: [UInt8] = [], instance: PluginInstance) {
        let call = UnaryCall(exchange, instance, plugins, timeout: timeout, budget: budget)
        call.start(.collectMetrics, PluginRequest.collectMetrics(context: context)) { (message) throws(GatewayError) in
            let text: ByteBuffer
            do throws(WireError) {
                text = try message.withBytes { (bytes) throws(WireError) in try Self.text(bytes) }
            } catch {
                throw PluginFault.unreadable(error.description, instance.pluginID)
            }
            PacedBody.respond(exchange, 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: text)
        }
    }

    /// The text in a CollectMetricsResponse: bytes in field 1 of the message in field 1.
    private static func text(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> ByteBuffer {
        let payload = bytes.slice(try StreamPacketFields.data(bytes))
        return ByteBuffer(bytes: payload.slice(try StreamPacketFields.data(payload)))
    }
}
