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

    /// One loop's counters, written on that loop and read at a scrape.
    fileprivate struct Counters {
        var requests: [Key: Int] = [:]
        var seconds: [String: Double] = [:]
    }

    fileprivate struct Key: Hashable {
        let handler: String
        let code: Int
    }

    private let loops = Mutex<[Loop]>([])
    private let budget: MemoryBudget
    private let started = ContinuousClock.now

    init(budget: MemoryBudget) {
        self.budget = budget
    }

    /// The counters of one loop.
    final class Loop: ExchangeObserver, Sendable {
        private let counters = Mutex(Counters())
        private let log: AccessLog?

        init(log: AccessLog?) {
            self.log = log
        }

        func finished(_ exchange: Exchange) {
            let handler = exchange.handledBy.description
            let elapsed = Double((NIODeadline.now() - exchange.started).nanoseconds) / 1e9
            let status = exchange.status
            counters.withLock { counters in
                counters.requests[Key(handler: handler, code: status), default: 0] &+= 1
                counters.seconds[handler, default: 0] += elapsed
            }
            log?.write(exchange, seconds: elapsed)
        }

        fileprivate var snapshot: Counters { counters.withLock { $0 } }
    }

    /// Counters for a loop.
    func loop(log: AccessLog?) -> Loop {
        let loop = Loop(log: log)
        loops.withLock { $0.append(loop) }
        return loop
    }

    /// All metrics.
    func text(_ host: PluginHost, _ store: ObjectStore) async -> String {
        var requests: [Key: Int] = [:]
        var seconds: [String: Double] = [:]
        for loop in loops.withLock({ $0 }) {
            let snapshot = loop.snapshot
            requests.merge(snapshot.requests) { $0 + $1 }
            seconds.merge(snapshot.seconds) { $0 + $1 }
        }
        var out = ""
        func family(_ name: String, _ kind: String, _ help: String) {
            out += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        }
        family("gateway_requests_total", "counter", "Answered requests by handler and status.")
        for (key, count) in requests.sorted(by: { ($0.key.handler, $0.key.code) < ($1.key.handler, $1.key.code) }) {
            out += "gateway_requests_total{handler=\"\(key.handler)\",code=\"\(key.code)\"} \(count)\n"
        }
        family("gateway_request_seconds_total", "counter", "Time from a request's head to the end of its answer.")
        for (handler, sum) in seconds.sorted(by: { $0.key < $1.key }) {
            out += "gateway_request_seconds_total{handler=\"\(handler)\"} \(sum)\n"
        }
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
