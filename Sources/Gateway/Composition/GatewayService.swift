import APIServer
import DataPlane
import DataPlaneAPI
import HTTPKit
import Logging
import NIOCore
import NIOPosix
import PluginBridge
import ServiceLifecycle
import SystemKit

#if canImport(Glibc)
    import Glibc
#endif

/// Starts the parts of the gateway in order and stops them in the opposite one.
struct GatewayService: Service, CustomStringConvertible {
    /// The name in the log; without it the log would show every setting.
    let description = "gateway"
    private let settings: Settings
    private let logger = Logger(label: "gateway")

    init(_ settings: Settings) {
        self.settings = settings
    }

    func run() async throws {
        let folders = try Folders(settings)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let workers = NIOThreadPool(numberOfThreads: 16)
        workers.start()

        let host = try PluginHost(
            settings: PluginHostSettings(
                runtimeDir: folders.runtime, startTimeout: Double(settings.pluginStartTimeout),
                environment: ProcessEnvironment.all))
        let publisher = try await DataPlanePublisher.start(group, host: host)
        let scan = PluginScan(settings.pluginsDirs)
        await host.start(scan)

        if !settings.datasources.isEmpty {
            let loaded = DataSourceFiles.load(settings.datasources)
            for fault in loaded.faults { logger.error("\(fault.message)") }
            await publisher.publish(DataSourceTable(loaded.sources), manifests: scan.plugins)
        }
        await publisher.publish(RouteTable(try manifests()))

        let parts = ChainParts(
            settings: settings, publisher: publisher, budget: MemoryBudget(limit: settings.pluginMemoryLimit),
            workers: workers)
        let data = try await listen(group, parts)
        announce(data, folders)

        try? await gracefulShutdown()
        logger.info("stopping")
        await data?.drain()
        await drained(data)
        await host.stop()
        await data?.closeAll()
        try? await group.shutdownGracefully()
        try? await workers.shutdownGracefully()
        withExtendedLifetime(folders) {}
    }

    private func listen(_ group: MultiThreadedEventLoopGroup, _ parts: ChainParts) async throws -> Listener? {
        guard let port = settings.httpPort else { return nil }
        let address = ListenAddress(host: settings.bindAddress, port: port)
        return try await Listener.start(on: address, group: group) { loop in
            LoopContext(loop: loop, chain: Chain.make(loop, parts))
        }
    }

    /// Prints the line that tells scripts that requests are served, and where.
    private func announce(_ data: Listener?, _ folders: Folders) {
        let port = data?.address?.port ?? 0
        let host = settings.bindAddress.contains(":") ? "[\(settings.bindAddress)]" : settings.bindAddress
        StandardOutput.line("ready http=http://\(host):\(port) pid=\(getpid())")
    }

    /// Waits for exchanges under way, at most as long as configured.
    private func drained(_ listener: Listener?) async {
        guard let listener else { return }
        let deadline = ContinuousClock.now + .seconds(settings.shutdownTimeout)
        while ContinuousClock.now < deadline, await listener.openConnections() > 0 {
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private func manifests() throws(GatewayError) -> [DataPlaneService] {
        guard !settings.manifests.isEmpty else { return [] }
        var services: [DataPlaneService] = []
        for file in try Folder.files(settings.manifests, endings: [".yaml", ".yml", ".json"]) {
            for document in try YAMLDocument.parse(try FileText.read(file), file: file) {
                let service = try DataPlaneService(document.json)
                if let error = service.invalid(service.validate()) { throw error }
                services.append(service)
            }
        }
        return services
    }
}
