import PluginBridge
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// The gateway's metrics of the plugins: how they are, and what their processes use.
///
/// The labels are bounded by the plugins that are installed or that objects name; those without a backend have nothing
/// to tell, unless an object needs them.
enum PluginMetrics {
    /// - Parameter needed: the plugins that objects need a process of; one that isn't installed is down.
    static func write(_ all: [PluginHost.Status], needed: Set<String>, into out: inout MetricsText) {
        let plugins = all.filter { $0.manifest.executable != nil }
        var phases = Dictionary(all.map { ($0.manifest.id, $0.state.phase) }) { first, _ in first }
        for plugin in all where plugin.manifest.executable == nil && !needed.contains(plugin.manifest.id) {
            phases[plugin.manifest.id] = nil
        }
        for id in needed where phases[id] == nil { phases[id] = .missing }
        let known = phases.sorted { $0.key < $1.key }
        out.family("gateway_plugin_up", .gauge, "Whether a plugin answers.")
        for (id, phase) in known { out.sample(phase == .ready ? 1 : 0, ["plugin": id]) }
        out.family(
            "gateway_plugin_phase", .gauge, "The phase that a plugin is in: 1 for one of them, 0 for the others.")
        for (id, present) in known {
            for phase in PluginPhase.allCases {
                out.sample(present == phase ? 1 : 0, ["plugin": id, "phase": phase.rawValue])
            }
        }
        out.family("gateway_plugin_info", .gauge, "What plugin.json says of a plugin.")
        for plugin in plugins {
            let manifest = plugin.manifest
            out.sample(1, ["plugin": manifest.id, "type": manifest.type, "version": manifest.version])
        }
        out.family("gateway_plugin_starts_total", .counter, "How many processes of a plugin were started.")
        for plugin in plugins { out.sample(plugin.starts, ["plugin": plugin.manifest.id]) }
        out.family(
            "gateway_plugin_restarts_total", .counter, "How often a plugin was started again after it had ended.")
        for plugin in plugins { out.sample(plugin.restarts, ["plugin": plugin.manifest.id]) }
        processes(plugins, into: &out)
    }

    /// What the kernel says; a plugin without a process has no sample.
    private static func processes(_ plugins: [PluginHost.Status], into out: inout MetricsText) {
        let own = getpid()
        var running: [(id: String, facts: ProcessFacts)] = []
        for plugin in plugins {
            // A process that has ended since may have left its number to somebody else's.
            guard let pid = plugin.pid, let facts = ProcessFacts(pid), facts.parent == own else { continue }
            running.append((plugin.manifest.id, facts))
        }
        out.family("gateway_plugin_resident_memory_bytes", .gauge, "Resident memory of a plugin's process.")
        for (id, facts) in running { out.sample(facts.residentBytes, ["plugin": id]) }
        out.family("gateway_plugin_cpu_seconds_total", .counter, "CPU time of a plugin's process, user and system.")
        for (id, facts) in running { out.sample(facts.cpuSeconds, ["plugin": id]) }
        out.family("gateway_plugin_open_fds", .gauge, "Open descriptors of a plugin's process.")
        for (id, facts) in running {
            if let count = facts.openDescriptors { out.sample(count, ["plugin": id]) }
        }
    }
}
