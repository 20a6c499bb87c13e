import APIServer
import DataPlane
import DataPlaneAPI
import HTTPKit
import Logging
import NIOCore
import NIOPosix
import Origins
import PluginBridge
import ServiceLifecycle
import Storage
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// Starts the parts of the gateway in order and stops them in the opposite one.
struct GatewayService: Service, CustomStringConvertible {
    /// The name in the log; without it the log would show every setting.
    let description = "gateway"
    let settings: Settings
    let logger = Logger(label: "gateway")

    init(_ settings: Settings) {
        self.settings = settings
    }

    func run() async throws {
        let stop = StopGuard(logger: logger)
        try await withGracefulShutdownHandler {
            try await run(stop)
        } onGracefulShutdown: {
            stop.begin()
        }
        stop.done()
    }

    private func run(_ stop: StopGuard) async throws {
        if let fault = settings.listenerFaults.first { throw fault }
        ProcessFacts.allowDescriptors(2 * settings.connectionLimit)
        let folders = try Folders(settings)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let workers = NIOThreadPool(numberOfThreads: 16)
        workers.start()
        let side = SideWork(on: workers)
        let dialing = Dialing()
        let storage = try await SQLiteStorage.open("\(folders.data)/\(StoreCopies.file)")
        let store = try await WatchCache(storage)
        let kinds = KindRegistry([DataPlaneServiceKind.definition])

        let environment = ProcessEnvironment.all
        let provisioned = Provisioning.load(settings.provisioningLayout, environment: environment)
        let access = try AccessSetup(
            settings, data: folders.data, grafana: provisioned.grafana)
        let certificates = try BackendCertificates(settings.backendClientCertificates)
        let upstream = try UpstreamTLS(settings)
        let host = try PluginHost(
            settings: PluginHostSettings(
                runtimeDir: folders.runtime, startTimeout: Double(settings.pluginStartTimeout),
                environment: environment, variables: provisioned.grafana.variables))
        let publisher = try await DataPlanePublisher.start(group, host: host)
        var limits = EffectiveLimits.Defaults()
        limits.pluginTimeoutSeconds = settings.pluginCallTimeout
        limits.shortTimeoutSeconds = min(limits.shortTimeoutSeconds, settings.pluginCallTimeout)
        limits.pluginRequestBytes = settings.pluginRequestLimit
        let probe = try await BackendProbe.make(
            certificates: certificates.table, dialer: dialing.probes, loop: group.any())
        let controller = ServiceController(
            store: store, host: host, publisher: publisher, probe: probe, hasUpstream: settings.upstream != nil,
            defaults: limits)
        let scan = PluginScan(settings.pluginsDirs)
        await host.start(scan)
        let sources = DataSourceController(
            settings.provisioningLayout, environment: environment,
            learn: { await access.identities.learn($0) },
            publish: { [logger] table in
                await publisher.publish(table, manifests: await host.allManifests())
                await host.use(table.variables)
                await controller.use(table)
                if let summary = table.summary { logger.info("\(summary)") }
            },
            report: { [logger] in for fault in $0 { logger.error("\(fault.message)") } })
        await sources.look()
        let manifests = ManifestFolder(
            paths: settings.manifests.isEmpty ? [] : [settings.manifests], store: store, registry: kinds,
            logger: Logger(label: "manifests"))
        let following = await start(manifests)
        guard !Task.isShuttingDownGracefully else {
            logger.info("stopped while starting")
            following.cancel()
            await following.wait(atMost: 1)
            await host.stop()
            try? await store.close()
            return await Self.end(group, workers, dialing)
        }
        // Every stored route is in place before the first request is accepted.
        await controller.start()

        var streamSettings = settings.streams
        streamSettings.callTimeout = settings.pluginCallTimeout
        let bodies = BodyBudget(limit: settings.requestMemoryLimit)
        let budget = MemoryBudget(limit: settings.pluginMemoryLimit, measures: true)
        let streams = try await publisher.startStreams(streamSettings, budget: budget, workers: workers, side: side)
        var watch: UpstreamWatch?
        if let upstream {
            watch = try await .make(
                upstream, connectMS: settings.upstreamConnectTimeoutMS, dialer: dialing.probes, on: group.any())
        }
        let upstreamWatch = watch
        let parts = ChainParts(
            settings: settings, publisher: publisher,
            api: try await apiServer(
                store, kinds, controller, group.any(), upstream, upstreamWatch, access.identities, dialing.requests,
                bodies),
            access: access, streams: streams, budget: budget, workers: workers, side: side, dialer: dialing.requests,
            loops: System.coreCount, bodies: bodies, upstream: upstream,
            clientCertificates: certificates,
            metrics: GatewayMetrics(budget: budget, bodies: bodies, upstream: upstreamWatch),
            log: AccessLog())
        let pages = AdminPages(
            host: host, controller: controller, store: store, watches: parts.api.watches,
            explanation: Explanation(
                routes: { controller.routes }, kinds: kinds, source: { await sources.table?.find(orgID: $0, uid: $1) },
                plugin: { Self.describe(host.state($0)) }, upstream: upstream?.origin),
            metrics: parts.metrics, streams: streams, sources: { await sources.table })
        let download = StoreDownload(storage: storage, folder: folders.data)
        let listeners = try await listen(group, parts, pages, download, folders)
        if settings.isProxyOnly {
            logger.warning(
                "the gateway listens beyond this machine and nobody can sign in: requests are passed on to the upstream, and the gateway's own routes stay closed; give --token-auth-file or --client-ca-file to open them"
            )
        }
        listeners.warnOfCertificates(logger)
        for warning in certificates.warnings + UpstreamTLS.warnings(settings) { logger.warning("\(warning)") }
        let announcement = Announcement(listeners: listeners, data: folders.data)
        try announcement.publish()

        // Not a part of this task: a stop tells it and goes on, whatever a probe or a big file still takes.
        let background = Task {
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await controller.run() }
                tasks.addTask { await sources.run() }
                tasks.addTask {
                    await withTaskCancellationHandler {
                        await following.value
                    } onCancel: {
                        following.cancel()
                    }
                }
                tasks.addTask {
                    while (try? await Task.sleep(for: .seconds(5))) != nil { budget.settle() }
                }
                tasks.addTask { await followPlugins(host, scan, sources, publisher) }
                tasks.addTask { await upstreamWatch?.run() }
                tasks.addTask { await follow(certificates, publisher) }
                tasks.addTask { await follow(upstream) }
                follow(access, announcement, in: &tasks)
            }
        }
        stop.runs(patience: settings.shutdownTimeout + 10)
        try? await gracefulShutdown()
        logger.info("stopping")
        stop.step("open connections")
        background.cancel()
        await streams.stop()
        await listeners.drain(seconds: settings.shutdownTimeout)
        stop.step("plugins")
        await host.stop()
        await listeners.close()
        stop.step("files and look-ups under way")
        await background.wait(atMost: 1)
        try? await store.close()
        await Self.end(group, workers, dialing)
        withExtendedLifetime(folders) {}
    }

    /// Ends the threads; a name server that doesn't answer, or a big answer that is being made, keeps nobody waiting.
    private static func end(
        _ group: MultiThreadedEventLoopGroup, _ workers: NIOThreadPool, _ dialing: Dialing
    ) async {
        dialing.stopNames()
        let ends = Task {
            try? await group.shutdownGracefully()
            try? await workers.shutdownGracefully()
            await dialing.requests.work.stop()
        }
        await ends.wait(atMost: 2)
    }

    private func listen(
        _ group: MultiThreadedEventLoopGroup, _ parts: ChainParts, _ pages: AdminPages, _ download: StoreDownload,
        _ folders: Folders
    ) async throws -> Listeners {
        let chains = try await PerLoop.make(group) { LoopChain($0, parts) }
        let access = parts.access
        let settings = settings
        var limits = HTTPLimits.requests
        limits.head = settings.requestHeadLimit
        limits.target = settings.requestTargetLimit
        limits.fields = settings.requestFieldsLimit
        var timeouts = ConnectionTimeouts()
        timeouts.halfClosed = UInt32(clamping: settings.clientHalfCloseTimeout)
        let (heads, times) = (limits, timeouts)
        return try await Listeners(
            settings.effectiveListeners, limit: connectionLimit, group: group, access: access,
            data: folders.data
        ) { listener, loop in
            let context =
                if listener.purpose == .data, let own = chains.value(on: loop) {
                    LoopContext(
                        loop: loop, chain: own.chain, limits: heads, timeouts: times, bodies: parts.bodies,
                        observer: own.counters)
                } else {
                    LoopContext(
                        loop: loop,
                        chain: Chain.admin(
                            loop, pages, download, parts, isLocal: Settings.isLoopback(listener.address.host)),
                        limits: heads, timeouts: times, bodies: parts.bodies)
                }
            access.identities.follow(context)
            return context
        }
    }

    /// Some of the descriptors are left for connections to servers, plugins and files: without any, nobody could be told
    /// that there is no place.
    private var connectionLimit: Int {
        let descriptors = ProcessFacts.descriptorLimit
        let possible = descriptors - max(64, descriptors / 8)
        guard descriptors > 0, possible < settings.connectionLimit else { return settings.connectionLimit }
        let level: Logger.Level = settings.origins["connection-limit"] == nil ? .info : .warning
        logger.log(
            level: level,
            "each listener takes \(possible) connections, not \(settings.connectionLimit) (setting connection-limit): the process may have no more than \(descriptors) descriptors; raise LimitNOFILE or ulimit -n"
        )
        return max(1, possible)
    }

    private static func describe(_ state: PluginState) -> String {
        switch state {
        case .ready(let instance): "ready, generation \(instance.generation)"
        case .down(let down): "\(down.phase.rawValue), 503: \(down.error.message)"
        }
    }

    /// Looks for new, changed and removed plugins: at the files that are known often, for others every few seconds.
    private func followPlugins(
        _ host: PluginHost, _ first: PluginScan, _ sources: DataSourceController, _ publisher: DataPlanePublisher
    ) async {
        var scan = first
        var looks = 0
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            looks += 1
            guard await host.hasChanged() || looks.isMultiple(of: 6) else { continue }
            scan = PluginScan(settings.pluginsDirs, after: scan)
            guard await host.update(scan) else { continue }
            await publisher.publish(await sources.table ?? DataSourceTable(), manifests: await host.allManifests())
        }
    }

    private func apiServer(
        _ store: WatchCache, _ kinds: KindRegistry, _ controller: ServiceController, _ loop: any EventLoop,
        _ upstream: UpstreamTLS?, _ watch: UpstreamWatch?, _ identities: IdentityFollower, _ dialer: Dialer,
        _ bodies: BodyBudget
    ) async throws -> APIServerCore {
        var core = APIServerCore(store: store)
        core.registry = kinds
        if let watch {
            core.readiness.append(
                ReadinessCheck("upstream", isRequired: settings.upstreamRequired) { await watch.failure() })
        }
        if settings.upstream != nil, !settings.grafanaConfig.isEmpty {
            core.readiness.append(ReadinessCheck("grafana-config") { identities.failure })
        }
        core.version = GatewayVersion.text
        core.bodyLimit = settings.apiRequestLimit
        core.watches = Slots(settings.apiWatchLimit, of: "watches (api-watch-limit)", retrySeconds: 1...10)
        core.lists = Slots(
            settings.apiListLimit, of: "lists on their way to clients (api-list-limit)", retrySeconds: 1...5,
            bodies: bodies)
        core.claims = { controller.routes }
        if let upstream {
            let asker = try await OriginAsker.make(on: loop) { upstream.pool(on: loop, dialer: dialer) }
            core.hasUpstream = true
            let token = try UpstreamToken(settings)
            core.sources = [
                UpstreamSource(token: { token?.token }, host: upstream.origin.authority) { path, accept, headers in
                    await asker.get(path, accept: accept, headers: headers, milliseconds: 2_000).map {
                        FetchedDocument(status: $0.status, contentType: $0.contentType, body: $0.body)
                    }
                }
            ]
        }
        return core
    }
}
