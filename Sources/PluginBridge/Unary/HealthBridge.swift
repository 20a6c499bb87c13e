import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

/// Translates a health request to `pluginv2.Diagnostics/CheckHealth` and the answer to Grafana's HealthCheckResult.
package final class HealthBridge {
    private let timeout: Int
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let side: SideWork

    /// A bridge for one event loop.
    ///
    /// - Parameters:
    ///   - timeout: for one call, seconds (setting plugin-call-timeout).
    ///   - side: checks long details.
    package init(timeout: Int, plugins: LoopPlugins, budget: MemoryBudget, side: SideWork) {
        self.timeout = timeout
        self.plugins = plugins
        self.budget = budget
        self.side = side
    }

    /// Asks a plugin for the health of what the context names and answers the exchange: 200 for OK, 400 for ERROR and
    /// UNKNOWN.
    ///
    /// - Parameters:
    ///   - context: the encoded plugin context.
    ///   - apiVersion: `<group>/<version>` of the request.
    ///   - forwarding: which credentials of the client the plugin gets.
    package func check(
        _ exchange: Exchange, context: ContextBytes, apiVersion: String,
        forwarding: HeaderForwarding = HeaderForwarding(),
        instance: PluginInstance
    ) {
        let request = PluginRequest.checkHealth(
            context: context,
            headers: Dictionary(forwarding.credentials(exchange.request.headers)) { first, _ in first })
        let call = UnaryCall(exchange, instance, plugins, timeout: timeout, budget: budget)
        let pluginID = instance.pluginID
        call.start(.checkHealth, request) { [side] message in
            exchange.work(on: message.count, "the plugin's health", by: side) { () throws(GatewayError) in
                let health: HealthResult
                do throws(WireError) { health = try HealthResult(message) } catch {
                    throw PluginFault.unreadable(error.description, pluginID)
                }
                return (status: health.status == .ok ? 200 : 400, body: try Self.body(health, apiVersion, pluginID))
            } _: { result in
                switch result {
                case .success(let (status, body)):
                    PacedBody.respond(exchange, status, contentType: "application/json", body: body)
                case .failure(let error): exchange.respond(error)
                }
            }
        }
    }

    /// The answer: empty members are left out, as Grafana does, so an unknown status has no code.
    package static func body(_ health: HealthResult, _ apiVersion: String, _ pluginID: String) throws(GatewayError)
        -> ByteBuffer
    {
        var out = ByteWriter(capacity: 256)
        out.append("{\"kind\":\"HealthCheckResult\",\"apiVersion\":" as StaticString)
        out.appendJSONString(apiVersion)
        out.append(",\"status\":\"" as StaticString)
        switch health.status {
        case .ok: out.append("OK\",\"code\":1" as StaticString)
        case .error: out.append("ERROR\",\"code\":2" as StaticString)
        case .unknown: out.append("UNKNOWN\"" as StaticString)
        }
        if !health.message.isEmpty {
            out.append(",\"message\":" as StaticString)
            out.appendJSONString(health.message)
        }
        if !health.jsonDetails.isEmpty {
            let first = health.jsonDetails.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
            let isObject = health.jsonDetails.withUnsafeBytes {
                first == UInt8(ascii: "{") && JSONValidator.check($0) != .invalid
            }
            guard isObject else {
                throw PluginFault.unreadable("the details of its health are no JSON object", pluginID)
            }
            out.append(",\"details\":" as StaticString)
            health.jsonDetails.withUnsafeBytes { out.appendJSONText($0) }
        }
        out.append("}" as StaticString)
        return ByteBuffer(taking: out.intoChunk())
    }
}
