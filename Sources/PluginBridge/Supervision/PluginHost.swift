import DataPlaneAPI
import Logging
import NIOCore
import PluginProtocol
import RPC
import SystemKit

/// Runs the plugins and tells every event loop what state they are in.
package actor PluginHost {
    /// A plugin as the admin listener and the conditions show it.
    package struct Status: Sendable {
        /// The plugin.
        package let manifest: PluginManifest
        /// Its state.
        package let state: PluginState
        /// How often it was started again.
        package let restarts: Int
        /// How many processes were started for it, those beside a running one too.
        package let starts: Int
        /// Its process, also while it starts or doesn't answer.
        package let pid: Int32?
    }

    private let settings: PluginHostSettings
    private let runtime: GRPCRuntime
    private let logger = Logger(label: "plugins")
    private var manifests: [String: PluginManifest] = [:]
    private var supervisors: [String: PluginSupervisor] = [:]
    private var slots: [String: PluginSlot] = [:]
    /// Those that are to take a running one's place once they are ready, by plugin id.
    private var candidates: [String: (number: Int, supervisor: PluginSupervisor, slot: PluginSlot)] = [:]
    /// Those that have been replaced or removed and have not ended yet, by number.
    private var leaving: [Int: PluginSupervisor] = [:]
    private var numbers = 0
    private var isStopping = false
    private var variables: PluginVariables
    /// Waits until other variables stay the same.
    private var settling: Task<Void, Never>?
    /// What supervisors counted that are gone, by plugin id: counters must not go back.
    private var past: [String: (restarts: Int, starts: Int)] = [:]
    private var knownFaults: Set<String> = []
    private let board = PluginBoard()

    /// A host without plugins.
    package init(settings: PluginHostSettings) throws {
        self.settings = settings
        variables = settings.variables
        do { runtime = try GRPCRuntime() } catch {
            throw GatewayError(.internalError, "gRPC can't be started: \(error)")
        }
    }

    /// Ids of plugins whose state has changed, or of which it has turned out what they don't implement; one reader.
    package nonisolated var changes: AsyncStream<String> { board.changes }

    /// The plugins as a loop sees them; the host keeps it up to date from then on.
    ///
    /// Call on that loop.
    package nonisolated func plugins(on loop: any EventLoop) -> LoopPlugins {
        let plugins = LoopPlugins(completions: CompletionTarget(LoopCompletions(loop), calls: GRPCCallList()))
        board.add(plugins, on: loop)
        return plugins
    }

    /// Starts the plugins found.
    package func start(_ scan: PluginScan) async {
        report(scan)
        for (id, manifest) in scan.plugins.sorted(by: { $0.key < $1.key }) { await add(id, manifest) }
    }

    /// Whether a file of a plugin is another one than when it was read: cheap, to be asked often.
    package func hasChanged() -> Bool { manifests.values.contains { !$0.isCurrent } }

    /// Brings the running plugins in step with what lies in the folders now; waits for none of them.
    ///
    /// A changed plugin is started beside the old process, which goes on serving until the new one is ready and some
    /// time longer, for calls that are under way.
    ///
    /// - Returns: whether anything changed.
    package func update(_ scan: PluginScan) async -> Bool {
        report(scan)
        var changed = false
        for (id, manifest) in scan.plugins.sorted(by: { $0.key < $1.key }) where manifests[id] != manifest {
            if manifests[id] == nil {
                await add(id, manifest)
            } else {
                logger.info("plugin changed, starting the new one beside the old", metadata: ["plugin": "\(id)"])
                await replace(id, with: manifest)
            }
            changed = true
        }
        for id in manifests.keys.filter({ scan.plugins[$0] == nil && !isUnreadable($0, scan) }) {
            remove(id)
            changed = true
        }
        return changed
    }

    /// Gives plugins these variables from now on: those for which they are others are started anew, beside the old
    /// process.
    ///
    /// Not at once: a file that is just being written may look empty for a moment, and nobody's process is to be
    /// replaced for that.
    package func use(_ variables: PluginVariables) {
        settling?.cancel()
        settling = nil
        guard variables != self.variables, !isStopping else { return }
        settling = Task {
            guard (try? await Task.sleep(for: Self.settleTime)) != nil else { return }
            await take(variables)
        }
    }

    /// Longer than between two looks at the files.
    private static let settleTime = Duration.milliseconds(1500)

    private func take(_ variables: PluginVariables) async {
        let old = self.variables
        self.variables = variables
        for (id, manifest) in manifests.sorted(by: { $0.key < $1.key }) where variables[id] != old[id] {
            guard manifest.executable != nil else { continue }
            logger.info(
                "grafana.ini has other settings for the plugin, starting a new process beside the old",
                metadata: ["plugin": "\(id)"])
            await replace(id, with: manifest)
        }
    }

    private func remove(_ id: String) {
        logger.info("plugin was removed", metadata: ["plugin": "\(id)"])
        manifests[id] = nil
        past[id] = nil
        slots.removeValue(forKey: id)?.retire()
        board.publish(id, .down(PluginDown(.missing, Self.unknown(id))))
        drop(candidateOf: id)
        if let supervisor = supervisors.removeValue(forKey: id) { end(supervisor) }
    }

    /// Logs what is wrong in the folders, each fault once.
    private func report(_ scan: PluginScan) {
        for fault in scan.faults where !knownFaults.contains(fault.message) { logger.warning("\(fault.message)") }
        knownFaults = Set(scan.faults.map(\.message))
    }

    /// Whether the plugin.json of a running plugin is there but can't be read: one that is being written, or has a
    /// typing error, takes no plugin away.
    private func isUnreadable(_ id: String, _ scan: PluginScan) -> Bool {
        guard let folder = manifests[id]?.folder, FileFacts("\(folder)/plugin.json") != nil else { return false }
        return !scan.plugins.values.contains { $0.folder == folder }
    }

    private func add(_ id: String, _ manifest: PluginManifest) async {
        guard !isStopping else { return }
        manifests[id] = manifest
        let board = board
        let slot = PluginSlot { board.publish(id, $0) }
        slots[id] = slot
        let supervisor = makeSupervisor(manifest, slot)
        supervisors[id] = supervisor
        await supervisor.start()
    }

    private func replace(_ id: String, with manifest: PluginManifest) async {
        guard !isStopping else { return }
        // One that was to take its place and isn't ready yet is out of date.
        drop(candidateOf: id)
        manifests[id] = manifest
        let board = board
        let number = numbers + 1
        let slot = PluginSlot(replacing: slots[id]) { [weak self] isReady in
            Task { await self?.decided(id, number, isReady: isReady) }
        } publish: {
            board.publish(id, $0)
        }
        let supervisor = makeSupervisor(manifest, slot)
        candidates[id] = (number, supervisor, slot)
        await supervisor.start()
    }

    /// A candidate is ready and has taken the place, or won't.
    private func decided(_ id: String, _ number: Int, isReady: Bool) async {
        guard let candidate = candidates[id], candidate.number == number else { return }
        guard isReady else {
            logger.error("the changed plugin does not start, the old one goes on", metadata: ["plugin": "\(id)"])
            return drop(candidateOf: id)
        }
        candidates[id] = nil
        let old = supervisors.updateValue(candidate.supervisor, forKey: id)
        slots[id] = candidate.slot
        guard let old else { return }
        end(old, after: settings.drainTime)
        let (restarts, starts) = (await old.restarts, await old.starts)
        past[id, default: (0, 0)].restarts += restarts
        past[id, default: (0, 0)].starts += starts
    }

    private func drop(candidateOf id: String) {
        guard let candidate = candidates.removeValue(forKey: id) else { return }
        candidate.slot.retire()
        end(candidate.supervisor)
        Task {
            let tried = await candidate.supervisor.starts
            if manifests[id] != nil { past[id, default: (0, 0)].starts += tried }
        }
    }

    /// Stops a supervisor that nobody needs any more, some time later; the end of the process comes before.
    private func end(_ supervisor: PluginSupervisor, after seconds: Double = 0) {
        numbers += 1
        let number = numbers
        leaving[number] = supervisor
        Task {
            if seconds > 0 { try? await Task.sleep(for: .seconds(seconds)) }
            await supervisor.stop()
            leaving[number] = nil
        }
    }

    private func makeSupervisor(_ manifest: PluginManifest, _ slot: PluginSlot) -> PluginSupervisor {
        numbers += 1
        let board = board
        let id = manifest.id
        return PluginSupervisor(
            manifest, number: numbers, settings: settings, variables: variables[id], runtime: runtime,
            publish: { slot.take($0) }, noticed: { board.noticed(id) })
    }

    /// Stops all plugins, side by side: told first, then killed.
    ///
    /// Nobody is waited for longer than that takes.
    package func stop() async {
        isStopping = true
        settling?.cancel()
        let all = Array(supervisors.values) + candidates.values.map(\.supervisor) + Array(leaving.values)
        (supervisors, candidates, leaving) = ([:], [:], [:])
        let (ends, end) = AsyncStream<String>.makeStream()
        for supervisor in all {
            Task {
                await supervisor.stop()
                end.yield(supervisor.manifest.id)
            }
        }
        // Killed processes end at once, unless the kernel itself is stuck in one of their calls.
        let timer = Task {
            guard (try? await Task.sleep(for: .seconds(settings.stopTimeout + 2))) != nil else { return }
            end.finish()
        }
        var open = all.map(\.manifest.id)
        if !open.isEmpty {
            for await id in ends {
                if let index = open.firstIndex(of: id) { open.remove(at: index) }
                if open.isEmpty { break }
            }
        }
        timer.cancel()
        for id in open { logger.error("a plugin's process does not end, it is left", metadata: ["plugin": "\(id)"]) }
    }

    /// What is known of the plugins, by id.
    package func status() async -> [Status] {
        var all: [Status] = []
        for (id, manifest) in manifests.sorted(by: { $0.key < $1.key }) {
            let supervisor = supervisors[id]
            let (restarts, starts) = (await supervisor?.restarts ?? 0, await supervisor?.starts ?? 0)
            let pid = await supervisor?.pid
            let gone = past[id] ?? (0, 0)
            all.append(
                Status(
                    manifest: manifest, state: board.state(id), restarts: gone.restarts + restarts,
                    starts: gone.starts + starts, pid: pid))
        }
        return all
    }

    /// The plugins that have no metrics: as the running process says, else as the last one did.
    package nonisolated func pluginsWithoutMetrics() -> Set<String> { board.pluginsWithoutMetrics() }

    /// The state of one plugin.
    package nonisolated func state(_ id: String) -> PluginState { board.state(id) }

    /// The plugin.json facts of one plugin.
    package func manifest(_ id: String) -> PluginManifest? { manifests[id] }

    /// All plugin.json facts by id.
    package func allManifests() -> [String: PluginManifest] { manifests }

    /// What the plugin wrote to stderr last; may hold secrets.
    package func stderrTail(_ id: String) async -> String? { await supervisors[id]?.stderrTail }

    /// The error for a plugin that isn't there.
    package static func unknown(_ id: String) -> GatewayError {
        GatewayError(
            .serviceUnavailable,
            "plugin \(id) is not installed; put it into a folder given with --plugins-dir", source: .gateway)
    }
}
