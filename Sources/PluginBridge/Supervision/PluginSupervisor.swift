import DataPlaneAPI
import Logging
import PluginProtocol
import SystemKit

/// Keeps one plugin running: starts it, watches it, starts it again.
actor PluginSupervisor {
    let manifest: PluginManifest
    private let settings: PluginHostSettings
    private let runtime: GRPCRuntime
    private let socketFolder: String
    private let logger: Logger
    private let publish: @Sendable (PluginState) -> Void
    /// Called when something of a ready instance has turned out.
    private let noticed: @Sendable () -> Void

    private var policy = RestartPolicy()
    private var generation = 0
    private var isStopping = false
    private var current: (process: PluginProcess, instance: PluginInstance)?
    private var starting: PluginProcess?
    private var task: Task<Void, Never>?
    private var sleeper: Task<Void, Never>?
    private(set) var output: PluginOutput?
    private(set) var restarts = 0
    /// How many processes were started, those that never got ready too.
    private(set) var starts = 0

    init(
        _ manifest: PluginManifest, number: Int, settings: PluginHostSettings, runtime: GRPCRuntime,
        publish: @escaping @Sendable (PluginState) -> Void, noticed: @escaping @Sendable () -> Void = {}
    ) {
        self.manifest = manifest
        self.settings = settings
        self.runtime = runtime
        self.publish = publish
        self.noticed = noticed
        socketFolder = "\(settings.runtimeDir)/p\(number)"
        var logger = Logger(label: "plugin.\(manifest.id)")
        logger[metadataKey: "plugin"] = "\(manifest.id)"
        self.logger = logger
    }

    /// The process, in whatever state; nil when there is none.
    var pid: Int32? { (current?.process ?? starting)?.pid }

    /// What the plugin wrote to stderr last.
    var stderrTail: String { output?.tail ?? "" }

    /// Starts to supervise.
    func start() {
        guard task == nil else { return }
        task = Task { await self.run() }
    }

    private static let noBackend = "its plugin.json has no backend, so there is nothing to call"

    private func run() async {
        // A panel, or a data source that browsers talk to: there is nothing to start, however often one tries.
        guard manifest.executable != nil else { return publish(down(.stopped, Self.noBackend, retryAfter: nil)) }
        while !isStopping {
            publish(down(.starting, "it is being started", retryAfter: 1))
            let clock = ContinuousClock()
            var readySince: ContinuousClock.Instant?
            let cause: String
            do {
                let (process, instance) = try await startInstance()
                readySince = clock.now
                current = (process, instance)
                if !isStopping { publish(.ready(instance)) }
                logger.info(
                    "plugin is ready", metadata: ["pid": "\(process.pid)", "generation": "\(instance.generation)"])
                let probe = Task { await self.watch(process, instance) }
                let exit = await process.exited()
                probe.cancel()
                current = nil
                cause = "its process ended with \(exit)"
            } catch let failure as StartFailure {
                cause = failure.description
            } catch {
                cause = "\(error)"
            }
            if isStopping { break }
            let lifetime = readySince.map { Self.seconds(clock.now - $0) } ?? 0
            let delay = policy.ended(after: lifetime, random: .random(in: 0...1))
            restarts += 1
            let phase: PluginPhase = policy.isCrashLooping ? .crashLooping : .backingOff
            logger.error(
                "plugin is down", metadata: ["cause": "\(cause)", "next_start_in_s": "\(Self.rounded(delay))"])
            publish(
                down(
                    phase, "\(cause); next start in \(Self.rounded(delay)) s",
                    retryAfter: max(1, Int(delay.rounded(.up)))))
            await sleep(delay)
        }
        publish(down(.stopped, "it is stopped", retryAfter: nil))
    }

    /// Asks a ready plugin now and then whether it is alive; a process may exist and hang.
    ///
    /// Two missed answers take it out of service at once; one that stays silent is killed and started again.
    private func watch(_ process: PluginProcess, _ instance: PluginInstance) async {
        var missed = 0
        while (try? await Task.sleep(for: .seconds(missed == 0 ? settings.probeInterval : 1))) != nil {
            let answered = await isAlive(instance.channel, within: settings.probeTimeout)
            guard !Task.isCancelled, !isStopping else { return }
            if answered {
                if missed >= 2 {
                    publish(.ready(instance))
                    logger.info("plugin answers again")
                }
                missed = 0
                continue
            }
            missed += 1
            if missed == 2 {
                logger.error("plugin does not answer health checks", metadata: ["pid": "\(process.pid)"])
                publish(down(.degraded, "it runs, but does not answer health checks", retryAfter: 5))
            } else if missed == 6 {
                logger.error("plugin stays silent and is killed", metadata: ["pid": "\(process.pid)"])
                return process.kill()
            }
        }
    }

    /// Whether the plugin gives any answer; one without a health service answers UNIMPLEMENTED.
    private func isAlive(_ channel: GRPCChannel, within seconds: Double) async -> Bool {
        do {
            _ = try await channel.unary(
                .health, PluginRequest.health(), options: GRPCCallOptions(deadline: .after(.seconds(seconds))))
            return true
        } catch {
            return error.code != .deadlineExceeded && error.code != .unavailable
        }
    }

    /// Ends the plugin: told first, killed if it doesn't listen.
    func stop() async {
        isStopping = true
        sleeper?.cancel()
        if let current {
            publish(down(.stopped, "it is stopped", retryAfter: nil))
            let timeout = settings.stopTimeout
            let (process, instance) = (current.process, current.instance)
            // One time for being told and for listening.
            let killer = Task {
                try await Task.sleep(for: .seconds(timeout))
                process.kill()
            }
            _ = try? await instance.channel.unary(
                .shutdown, GRPCPayload(), options: GRPCCallOptions(deadline: .after(.seconds(timeout))))
            _ = await process.exited()
            killer.cancel()
        } else {
            starting?.kill()
        }
        await task?.value
    }

    private func down(_ phase: PluginPhase, _ why: String, retryAfter: Int?) -> PluginState {
        .down(
            phase,
            GatewayError(
                .serviceUnavailable, "plugin \(manifest.id) is not available: \(why)", source: .plugin,
                retryAfterSeconds: retryAfter))
    }

    private func sleep(_ seconds: Double) async {
        guard seconds > 0, !isStopping else { return }
        let sleeper = Task { _ = try? await Task.sleep(for: .seconds(seconds)) }
        self.sleeper = sleeper
        await sleeper.value
        self.sleeper = nil
    }

    // MARK: Starting

    private struct StartFailure: Error, CustomStringConvertible {
        let description: String
    }

    private func startInstance() async throws -> (PluginProcess, PluginInstance) {
        guard let executable = manifest.executable else {
            throw StartFailure(description: Self.noBackend)
        }
        guard let facts = FileFacts(executable) else {
            throw StartFailure(description: "its executable \(executable) does not exist")
        }
        guard facts.isExecutable else {
            throw StartFailure(description: "its executable \(executable) is not an executable file (chmod +x)")
        }
        try Folder.create(socketFolder, mode: 0o700)
        var environment = PluginEnvironment(host: settings.environment, socketDirectory: socketFolder)
        environment.set("GF_VERSION", "12.2.0")
        environment.set("GF_EDITION", "Open Source")
        environment.set("GF_PLUGIN_VERSION", manifest.version)
        for (name, value) in settings.pluginVariables[manifest.id] ?? [:] { environment.set(name, value) }
        let output = PluginOutput(logger: logger)
        self.output = output
        starts += 1
        let process: PluginProcess
        do {
            process = try await PluginProcess.start(
                ProcessRequest(executable: executable, environment: environment.entries, directory: manifest.folder)
            ) { output.take($0) }
        } catch { throw StartFailure(description: error.description) }
        starting = process
        defer { starting = nil }
        if isStopping { process.kill() }
        do {
            let channel = try await connect(process, output)
            generation += 1
            let instance = PluginInstance(
                pluginID: manifest.id, generation: generation, pid: process.pid, channel: channel,
                whenMissing: noticed)
            drainStdio(channel, output)
            return (process, instance)
        } catch {
            process.kill()
            let exit = await process.exited()
            if let failure = error as? StartFailure { throw failure }
            throw StartFailure(description: "it did not start: \(error) (\(exit))")
        }
    }

    private func connect(_ process: PluginProcess, _ output: PluginOutput) async throws -> GRPCChannel {
        let timeout = settings.startTimeout
        let timer = Task {
            try await Task.sleep(for: .seconds(timeout))
            output.timeOut()
        }
        defer { timer.cancel() }
        let handshake = try await handshake(output, timeout)
        let channel = try GRPCChannel(runtime: runtime, address: handshake.address)
        do {
            _ = try await channel.unary(
                .health, PluginRequest.health(),
                options: GRPCCallOptions(deadline: .after(.seconds(timeout)), waitForReady: true))
        } catch  where error.code == .unavailable || error.code == .deadlineExceeded {
            throw StartFailure(
                description: "it printed its address \(handshake.address), but does not answer there: \(error.message)")
        } catch {
            // Any other answer, UNIMPLEMENTED above all, is an answer.
        }
        return channel
    }

    private func handshake(_ output: PluginOutput, _ timeout: Double) async throws -> Handshake {
        var noise = 0
        for await event in output.events {
            switch event {
            case .line(let line):
                // Programs print a banner now and then; only lines with a bar can be the handshake.
                guard line.contains(UInt8(ascii: "|")) || noise >= 100 else {
                    noise += 1
                    logger.warning(
                        "plugin wrote to stdout before its handshake: \(String(decoding: line.prefix(200), as: UTF8.self))"
                    )
                    continue
                }
                let handshake = try Handshake.parse(line)
                output.handshakeIsDone()
                return handshake
            case .exited(let exit):
                throw StartFailure(
                    description: "its process ended with \(exit) before its handshake; its log tells more")
            case .timeout:
                throw StartFailure(description: "it printed no handshake within \(Self.rounded(timeout)) s")
            }
        }
        throw StartFailure(description: "its output ended before its handshake")
    }

    /// Keeps reading what a Go plugin prints: it blocks for ever once a pipe of its is full.
    private nonisolated func drainStdio(_ channel: GRPCChannel, _ output: PluginOutput) {
        Task {
            guard let stream = try? channel.serverStreaming(.streamStdio, GRPCPayload()) else { return }
            var lines = StdioLines()
            // A plugin without this service answers UNIMPLEMENTED; that is the end of it.
            while let message = try? await stream.next() {
                guard let piece = try? StdioData(message) else { continue }
                for line in lines.feed(piece.data) { output.log(line) }
            }
        }
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static func rounded(_ seconds: Double) -> String {
        let tenths = Int((min(seconds, 1e6) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

/// Cuts what comes through the stdio service into lines.
struct StdioLines {
    private var pending: [UInt8] = []

    mutating func feed(_ bytes: [UInt8]) -> [[UInt8]] {
        pending.append(contentsOf: bytes)
        var lines: [[UInt8]] = []
        while let end = pending.firstIndex(of: 0x0A) {
            lines.append(Array(pending[..<end]))
            pending.removeSubrange(...end)
        }
        if pending.count > 64 * 1024 {
            lines.append(pending)
            pending = []
        }
        return lines
    }
}
