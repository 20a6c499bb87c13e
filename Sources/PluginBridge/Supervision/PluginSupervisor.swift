import DataPlaneAPI
import Logging
import PluginProtocol
import RPC
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// Keeps one plugin running: starts it, watches it, starts it again.
actor PluginSupervisor {
    let manifest: PluginManifest
    private let settings: PluginHostSettings
    private let variables: [String: String]
    private let runtime: GRPCRuntime
    private let socketFolder: String
    private let logger: Logger
    private let publish: @Sendable (PluginState) -> Void
    /// Called when something of a ready instance has turned out.
    private let noticed: @Sendable () -> Void

    private var policy = RestartPolicy()
    private var generation = 0
    private var isStopping = false
    private var current: (process: any RunningProcess, instance: PluginInstance)?
    /// The process that isn't ready yet, and its channel once anything has answered there.
    private var starting: (process: any RunningProcess, channel: GRPCChannel?)?
    private var task: Task<Void, Never>?
    private var sleeper: Task<Void, Never>?
    /// What went wrong last; nil while all is well, and before the first start.
    private var lastFailure: String?
    /// Why a process that is about to end was ended.
    private var endedBecause: String?
    private(set) var output: PluginOutput?
    private(set) var restarts = 0
    /// How many processes were started, those that never got ready too.
    private(set) var starts = 0

    /// - Parameters:
    ///   - number: names its folder for sockets.
    ///   - variables: of its configuration, on top of what every plugin gets.
    init(
        _ manifest: PluginManifest, number: Int, settings: PluginHostSettings, variables: [String: String],
        runtime: GRPCRuntime,
        publish: @escaping @Sendable (PluginState) -> Void, noticed: @escaping @Sendable () -> Void = {}
    ) {
        self.manifest = manifest
        self.settings = settings
        self.variables = variables
        self.runtime = runtime
        self.publish = publish
        self.noticed = noticed
        socketFolder = "\(settings.runtimeDir)/p\(number)"
        var logger = Logger(label: "plugin.\(manifest.id)")
        logger[metadataKey: "plugin"] = "\(manifest.id)"
        self.logger = logger
    }

    /// The process, in whatever state; nil when there is none.
    var pid: Int32? { (current?.process ?? starting?.process)?.pid }

    /// What the plugin wrote to stderr last.
    var stderrTail: String { output?.tail ?? "" }

    /// Starts to supervise.
    func start() {
        guard task == nil else { return }
        // Before this returns: whoever asks next finds a plugin that starts, not one that nobody knows.
        if manifest.executable != nil { publish(startingState) }
        task = Task { await self.run() }
    }

    private static let noBackend = "its plugin.json has no backend, so there is nothing to call"

    private func run() async {
        // A panel, or a data source that browsers talk to: there is nothing to start, however often one tries.
        guard manifest.executable != nil else { return publish(down(.stopped, Self.noBackend)) }
        while !isStopping {
            let clock = ContinuousClock()
            var readySince: ContinuousClock.Instant?
            let startsBefore = starts
            let failure: StartFailure
            do throws(StartFailure) {
                let (process, instance) = try await startInstance()
                readySince = clock.now
                lastFailure = nil
                // Who stops it has told a process that wasn't ready yet.
                if isStopping { Task { await end(process, instance.channel) } } else { publish(.ready(instance)) }
                logger.info(
                    "plugin is ready",
                    metadata: [
                        "pid": .stringConvertible(process.pid), "generation": .stringConvertible(instance.generation),
                    ])
                let probe = Task { await self.watch(process, instance) }
                let exit = await process.exited()
                probe.cancel()
                current = nil
                failure = StartFailure(endedBecause ?? "its process ended with \(exit)")
                endedBecause = nil
            } catch {
                failure = error
            }
            sweep()
            if isStopping { break }
            lastFailure = failure.description
            if starts > startsBefore { restarts += 1 }
            await wait(after: failure, lifetime: readySince.map { (clock.now - $0) / .seconds(1) } ?? 0)
            if !isStopping { publish(startingState) }
        }
        publish(down(.stopped, "it is stopped"))
    }

    /// Says why the plugin is down, and waits until it is to be started again.
    private func wait(after failure: StartFailure, lifetime: Double) async {
        let delay = policy.ended(after: lifetime, random: .random(in: 0...1))
        let phase: PluginPhase =
            switch failure.kind {
            case .absent: .missing
            case .unusable: .backingOff
            case .ended: policy.isCrashLooping ? .crashLooping : .backingOff
            }
        publish(down(phase, failure.description, nextStart: delay))
        logger.error(
            "plugin is down",
            metadata: ["cause": "\(failure.description)", "next_start_in_s": "\(PluginDown.rounded(delay))"])
        await sleep(delay)
    }

    /// While it is being started: with what went wrong the last time, which may be what goes wrong this time too.
    private var startingState: PluginState {
        down(.starting, (lastFailure.map { "\($0); " } ?? "") + "it is being started", retryAfter: 1)
    }

    /// Asks a ready plugin now and then how it is; a process may exist and hang, or say that it doesn't serve.
    private func watch(_ process: any RunningProcess, _ instance: PluginInstance) async {
        var record = HealthRecord()
        while (try? await Task.sleep(for: .seconds(record.isDoubtful ? 1 : settings.probeInterval))) != nil {
            let finding = await instance.channel.health(within: settings.probeTimeout)
            guard !Task.isCancelled, !isStopping else { return }
            switch record.note(finding) {
            case .same: break
            case .back:
                lastFailure = nil
                publish(.ready(instance))
                logger.info("plugin answers again")
            case .outOfService(let why):
                lastFailure = why
                publish(down(.degraded, why, retryAfter: 5))
                logger.error(
                    "plugin is out of service", metadata: ["pid": .stringConvertible(process.pid), "cause": "\(why)"])
            case .hopeless:
                logger.error("plugin stays silent and is killed", metadata: ["pid": .stringConvertible(process.pid)])
                endedBecause = "it stopped answering and was killed"
                return process.kill()
            }
        }
    }

    /// Stops the plugin, whether it is ready or still being started.
    func stop() async {
        isStopping = true
        sleeper?.cancel()
        if let current {
            publish(down(.stopped, "it is stopped"))
            await end(current.process, current.instance.channel)
        } else if let starting {
            await end(starting.process, starting.channel)
        }
        await task?.value
        Folder.remove(socketFolder)
    }

    /// Ends a process: told first, killed if it doesn't listen; one time for both.
    ///
    /// One that nobody has heard of over a channel is told by a signal.
    private func end(_ process: any RunningProcess, _ channel: GRPCChannel?) async {
        let timeout = settings.stopTimeout
        let killer = Task {
            try await Task.sleep(for: .seconds(timeout))
            process.kill()
        }
        if let channel {
            do throws(GRPCError) {
                _ = try await channel.unary(
                    .shutdown, GRPCPayload(), options: GRPCCallOptions(deadline: .after(.seconds(timeout))))
            } catch  where error.code == .unimplemented {
                process.signal(SIGTERM)
            } catch {
                // Most end with the connection on their way.
            }
        } else {
            process.signal(SIGTERM)
        }
        _ = await process.exited()
        killer.cancel()
    }

    private func down(
        _ phase: PluginPhase, _ why: String, retryAfter: Int? = nil, nextStart: Double? = nil
    ) -> PluginState {
        .down(
            PluginDown(
                phase,
                GatewayError(
                    .serviceUnavailable, "plugin \(manifest.id) is not available: \(why)", source: .plugin,
                    retryAfterSeconds: retryAfter),
                hasFailed: lastFailure != nil, nextStart: nextStart))
    }

    private func sleep(_ seconds: Double) async {
        guard seconds > 0, !isStopping else { return }
        let sleeper = Task { _ = try? await Task.sleep(for: .seconds(seconds)) }
        self.sleeper = sleeper
        await sleeper.value
        self.sleeper = nil
    }

    // MARK: Starting

    private func startInstance() async throws(StartFailure) -> (any RunningProcess, PluginInstance) {
        guard let executable = manifest.executable else { throw StartFailure(Self.noBackend, .absent) }
        guard let facts = FileFacts(executable) else {
            throw StartFailure("its executable \(executable) does not exist", .absent)
        }
        guard facts.isExecutable else {
            throw StartFailure("its executable \(executable) is not an executable file (chmod +x)", .unusable)
        }
        do throws(GatewayError) { try Folder.create(socketFolder, mode: 0o700) } catch {
            throw StartFailure("its folder for sockets can't be made: \(error.message)", .unusable)
        }
        let output = PluginOutput(logger: logger)
        self.output = output
        let process: any RunningProcess
        do {
            process = try await settings.launcher.launch(
                ProcessRequest(executable: executable, environment: environment.entries, directory: manifest.folder)
            ) { output.take($0) }
        } catch {
            let known = error.isOfFile ? ExecutableFile.problem(executable) : nil
            throw StartFailure(
                known.map { "its executable \(executable) can't be run: \($0)" } ?? error.description, .unusable)
        }
        starts += 1
        starting = (process, nil)
        defer { starting = nil }
        if isStopping { Task { await end(process, nil) } }
        let start = PluginStart(
            executable: executable, timeout: settings.startTimeout, runtime: runtime, logger: logger)
        do throws(StartFailure) {
            let channel = try await start.connect(output) { [weak self] in
                await self?.note(answering: $0)
            } waiting: { [weak self] in
                await self?.note(waitingFor: $0)
            }
            generation += 1
            let instance = PluginInstance(
                pluginID: manifest.id, generation: generation, pid: process.pid, channel: channel,
                whenMissing: noticed)
            current = (process, instance)
            drainStdio(channel, output)
            // Whether it has metrics decides whether it is a target for scrapes.
            Task { await MethodProbe.run(instance, methods: [.collectMetrics]) }
            return (process, instance)
        } catch {
            process.kill()
            _ = await process.exited()
            throw error
        }
    }

    private var environment: PluginEnvironment {
        var environment = PluginEnvironment(host: settings.environment, socketDirectory: socketFolder)
        environment.set("GF_VERSION", "12.2.0")
        environment.set("GF_EDITION", "Open Source")
        environment.set("GF_PLUGIN_VERSION", manifest.version)
        for (name, value) in variables { environment.set(name, value) }
        return environment
    }

    private func note(answering channel: GRPCChannel) { starting?.channel = channel }

    /// A start takes long: what is known of the reason shows before its time is over.
    private func note(waitingFor what: String) {
        guard starting != nil, !isStopping, lastFailure != what else { return }
        lastFailure = what
        // Before the line: who has read it and asks is told the same.
        publish(startingState)
        logger.warning("plugin is not ready yet", metadata: ["cause": "\(what)"])
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

    /// Removes the sockets of a process that has ended: one that was killed leaves them.
    private func sweep() {
        for name in (try? Folder.names(socketFolder)) ?? [] where FileFacts.isSocket("\(socketFolder)/\(name)") {
            unlink("\(socketFolder)/\(name)")
        }
    }
}
