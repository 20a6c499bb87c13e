import APIServer
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginBridge
import Synchronization
import SystemKit

/// Counts exchanges and writes the gateway's own metrics in the Prometheus text format.
final class GatewayMetrics: Sendable {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let loops = Mutex<[(loop: any EventLoop, counters: NIOLoopBound<LoopCounters>)]>([])
    private let budget: MemoryBudget
    private let started = ContinuousClock.now

    init(budget: MemoryBudget) {
        self.budget = budget
    }

    /// Counters for a loop; call on that loop.
    func counters(for loop: any EventLoop, log: AccessLog?) -> LoopCounters {
        let counters = LoopCounters(log: log)
        let bound = NIOLoopBound(counters, eventLoop: loop)
        loops.withLock { $0.append((loop, bound)) }
        return counters
    }

    /// All metrics.
    func text(_ host: PluginHost, _ store: ObjectStore) async -> String {
        var sum = LoopCounters.Values()
        for (loop, counters) in loops.withLock({ $0 }) {
            if let values = try? await loop.submit({ counters.value.values }).get() { sum.add(values) }
        }
        var out = ""
        func family(_ name: String, _ kind: String, _ help: String) {
            out += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        }
        family("gateway_requests_total", "counter", "Answered requests by handler and status; 0: the client left.")
        for handler in HandlerName.allCases {
            for (code, count) in sum.requests[handler.index].enumerated() where count > 0 {
                out += "gateway_requests_total{handler=\"\(handler.rawValue)\",code=\"\(code)\"} \(count)\n"
            }
        }
        family("gateway_request_seconds_total", "counter", "Time from a request's head to the end of its answer.")
        for handler in HandlerName.allCases where sum.nanoseconds[handler.index] > 0 {
            let seconds = Double(sum.nanoseconds[handler.index]) / 1e9
            out += "gateway_request_seconds_total{handler=\"\(handler.rawValue)\"} \(seconds)\n"
        }
        family("gateway_tls_handshake_errors_total", "counter", "Connections that failed before TLS was established.")
        out += "gateway_tls_handshake_errors_total \(sum.failedHandshakes)\n"
        family("gateway_plugin_up", "gauge", "Whether a plugin answers.")
        let plugins = await host.status()
        for plugin in plugins {
            var isUp = 0
            if case .ready = plugin.state { isUp = 1 }
            out += "gateway_plugin_up{plugin=\"\(Self.escape(plugin.manifest.id))\"} \(isUp)\n"
        }
        family("gateway_plugin_restarts_total", "counter", "How often a plugin was started again.")
        for plugin in plugins {
            out += "gateway_plugin_restarts_total{plugin=\"\(Self.escape(plugin.manifest.id))\"} \(plugin.restarts)\n"
        }
        family("gateway_plugin_answer_bytes", "gauge", "Bytes of plugin answers held now.")
        out += "gateway_plugin_answer_bytes \(budget.inUse)\n"
        family("gateway_store_resource_version", "gauge", "The newest resourceVersion.")
        out += "gateway_store_resource_version \(store.currentVersion)\n"
        family("gateway_watchers", "gauge", "Open watches.")
        out += "gateway_watchers \(store.watcherCount)\n"
        family("process_resident_memory_bytes", "gauge", "Resident memory.")
        out += "process_resident_memory_bytes \(ProcessFacts.residentBytes)\n"
        family("process_open_fds", "gauge", "Open descriptors.")
        out += "process_open_fds \(ProcessFacts.openDescriptors)\n"
        family("gateway_uptime_seconds", "gauge", "Time since the start.")
        out += "gateway_uptime_seconds \((ContinuousClock.now - started).components.seconds)\n"
        family("gateway_build_info", "gauge", "The version.")
        out += "gateway_build_info{version=\"\(GatewayVersion.text)\"} 1\n"
        return out
    }

    /// A label's value.
    private static func escape(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
