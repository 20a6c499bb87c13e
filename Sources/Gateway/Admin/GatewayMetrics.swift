import APIServer
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginBridge
import Storage
import Synchronization
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// Counts exchanges and writes the gateway's own metrics in the Prometheus text format.
final class GatewayMetrics: Sendable {
    private let counters = PerLoop<LoopCounters>.Register()
    private let budget: MemoryBudget
    private let bodies: BodyBudget
    private let started = ContinuousClock.now
    private let startTime = time(nil)

    private let upstream: UpstreamWatch?

    /// - Parameter upstream: knows whether the upstream can be reached; nil where there is none.
    init(budget: MemoryBudget, bodies: BodyBudget, upstream: UpstreamWatch? = nil) {
        self.budget = budget
        self.bodies = bodies
        self.upstream = upstream
    }

    /// Counters for a loop; call on that loop.
    func counters(for loop: any EventLoop, log: AccessLog?) -> LoopCounters {
        let counters = LoopCounters(log: log)
        self.counters.add(counters, on: loop)
        return counters
    }

    /// All metrics.
    ///
    /// - Parameter needed: the plugins that objects need, installed or not.
    func text(
        _ host: PluginHost, _ store: WatchCache, _ watches: Slots, _ streams: StreamHub, needed: Set<String>
    ) async -> String {
        var sum = LoopCounters.Values()
        for values in await counters.values.collect({ $0.values }) { sum.add(values) }
        let (running, listeners) = (await streams.streams(), await streams.listeners())
        var out = MetricsText()
        requests(sum, into: &out)
        PluginMetrics.write(await host.status(), needed: needed, into: &out)
        out.single("gateway_plugin_answer_bytes", .gauge, "Bytes of plugin answers held now.", budget.inUse)
        out.single(
            "gateway_request_body_bytes", .gauge, "Bytes of request bodies and of lists on their way held now.",
            bodies.inUse)
        out.single("gateway_streams", .gauge, "Streams that run for at least one listener.", running)
        out.single("gateway_stream_listeners", .gauge, "Clients that listen to streams.", listeners)
        out.single(
            "gateway_store_resource_version", .gauge, "The newest resourceVersion.", store.version)
        out.single("gateway_watchers", .gauge, "Open watches.", watches.count)
        if let isUp = upstream?.isUp {
            out.single("gateway_upstream_up", .gauge, "Whether the upstream takes connections.", isUp ? 1 : 0)
        }
        process(into: &out)
        return out.text
    }

    private func requests(_ sum: LoopCounters.Values, into out: inout MetricsText) {
        out.family("gateway_requests_total", .counter, "Answered requests by handler and status; 0: the client left.")
        let handlers = HandlerName.all.filter { $0.index < sum.requests.count }.sorted { $0.rawValue < $1.rawValue }
        for handler in handlers {
            for (code, count) in sum.requests[handler.index].enumerated() where count > 0 {
                out.sample(count, ["handler": handler.rawValue, "code": String(code)])
            }
        }
        out.family("gateway_request_seconds_total", .counter, "Time from a request's head to the end of its answer.")
        for handler in handlers where sum.nanoseconds[handler.index] > 0 {
            out.sample(Double(sum.nanoseconds[handler.index]) / 1e9, ["handler": handler.rawValue])
        }
        out.single(
            "gateway_tls_handshake_errors_total", .counter, "Connections that failed before TLS was established.",
            sum.failedHandshakes)
    }

    private func process(into out: inout MetricsText) {
        if let own = ProcessFacts.own {
            out.single("process_resident_memory_bytes", .gauge, "Resident memory.", own.residentBytes)
            out.single("process_cpu_seconds_total", .counter, "CPU time, user and system.", own.cpuSeconds)
            out.single("process_open_fds", .gauge, "Open descriptors.", own.openDescriptors ?? 0)
        }
        out.single("process_max_fds", .gauge, "The most descriptors that may be open.", ProcessFacts.descriptorLimit)
        out.single("process_start_time_seconds", .gauge, "When the process started, seconds since 1970.", startTime)
        out.single(
            "gateway_uptime_seconds", .gauge, "Time since the start.",
            (ContinuousClock.now - started).components.seconds)
        out.family("gateway_build_info", .gauge, "The version.")
        out.sample(1, ["version": GatewayVersion.text])
    }
}
