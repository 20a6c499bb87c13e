import DataPlaneAPI
import Logging
import NIOCore
import PluginProtocol
import Synchronization
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
    private var numbers = 0
    /// What supervisors counted that are gone, by plugin id: counters must not go back.
    private var past: [String: (restarts: Int, starts: Int)] = [:]
    private var knownFaults: Set<String> = []
    private let board = PluginBoard()

    /// A host without plugins.
    package init(settings: PluginHostSettings) throws {
        self.settings = settings
        do { runtime = try GRPCRuntime() } catch {
            throw GatewayError(.internalError, "gRPC can't be started: \(error)")
        }
    }

    /// Ids of plugins whose state has changed, or of which it has turned out what they don't implement; one reader.
    package nonisolated var changes: AsyncStream<String> { board.changes }

    /// The plugins as a loop sees them; the host keeps it up to date from then on.
    package nonisolated func plugins(for loop: any EventLoop) async throws -> NIOLoopBound<LoopPlugins> {
        let bound = try await loop.submit {
            NIOLoopBound(
                LoopPlugins(completions: CompletionTarget(LoopCompletions(loop), calls: GRPCCallList())),
                eventLoop: loop)
        }.get()
        board.add(loop, bound)
        return bound
    }

    /// Starts the plugins found.
    package func start(_ scan: PluginScan) async {
        report(scan)
        for (id, manifest) in scan.plugins.sorted(by: { $0.key < $1.key }) { await add(id, manifest) }
    }

    /// Brings the running plugins in step with what lies in the folders now.
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
                await replace(id, with: manifest)
            }
            changed = true
        }
        for id in manifests.keys.filter({ scan.plugins[$0] == nil && !isUnreadable($0, scan) }) {
            logger.info("plugin was removed", metadata: ["plugin": "\(id)"])
            manifests[id] = nil
            slots[id] = nil
            past[id] = nil
            await supervisors.removeValue(forKey: id)?.stop()
            board.publish(id, .down(.missing, Self.unknown(id)))
            changed = true
        }
        return changed
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
        manifests[id] = manifest
        let board = board
        let slot = PluginSlot { board.publish(id, $0) }
        slots[id] = slot
        let supervisor = makeSupervisor(manifest, slot)
        supervisors[id] = supervisor
        await supervisor.start()
    }

    private func replace(_ id: String, with manifest: PluginManifest) async {
        manifests[id] = manifest
        let board = board
        let (results, result) = AsyncStream<Bool>.makeStream()
        let slot = PluginSlot(replacing: slots[id], result: result) { board.publish(id, $0) }
        let candidate = makeSupervisor(manifest, slot)
        logger.info("plugin changed, starting the new one beside the old", metadata: ["plugin": "\(id)"])
        await candidate.start()
        for await isReady in results {
            guard isReady else {
                logger.error("the changed plugin does not start, the old one goes on", metadata: ["plugin": "\(id)"])
                await candidate.stop()
                let tried = await candidate.starts
                past[id, default: (0, 0)].starts += tried
                return
            }
            let old = supervisors[id]
            if let old {
                let (restarts, starts) = (await old.restarts, await old.starts)
                past[id, default: (0, 0)].restarts += restarts
                past[id, default: (0, 0)].starts += starts
            }
            supervisors[id] = candidate
            slots[id] = slot
            let grace = settings.drainTime
            Task {
                try? await Task.sleep(for: .seconds(grace))
                await old?.stop()
            }
            return
        }
    }

    private func makeSupervisor(_ manifest: PluginManifest, _ slot: PluginSlot) -> PluginSupervisor {
        numbers += 1
        let board = board
        let id = manifest.id
        return PluginSupervisor(
            manifest, number: numbers, settings: settings, runtime: runtime, publish: { slot.take($0) },
            noticed: { board.noticed(id) })
    }

    /// Stops all plugins, side by side.
    package func stop() async {
        await withTaskGroup(of: Void.self) { group in
            for supervisor in supervisors.values { group.addTask { await supervisor.stop() } }
        }
        supervisors = [:]
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

/// Holds the state of every plugin and hands changes to the loops.
private final class PluginBoard: Sendable {
    private struct State {
        var states: [String: PluginState] = [:]
        var loops: [(loop: any EventLoop, plugins: NIOLoopBound<LoopPlugins>)] = []
    }

    private let state = Mutex(State())
    let changes: AsyncStream<String>
    private let feed: AsyncStream<String>.Continuation

    init() {
        (changes, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
    }

    func add(_ loop: any EventLoop, _ plugins: NIOLoopBound<LoopPlugins>) {
        let known = state.withLock { state in
            state.loops.append((loop, plugins))
            return state.states
        }
        loop.execute { for (id, value) in known { plugins.value.set(id, value) } }
    }

    func publish(_ id: String, _ value: PluginState) {
        // Sent under the lock, so that every loop sees changes in the order they happened.
        state.withLock { state in
            state.states[id] = value
            for (loop, plugins) in state.loops { loop.execute { plugins.value.set(id, value) } }
        }
        feed.yield(id)
    }

    func noticed(_ id: String) { feed.yield(id) }

    func state(_ id: String) -> PluginState {
        state.withLock { $0.states[id] } ?? .down(.missing, PluginHost.unknown(id))
    }
}
