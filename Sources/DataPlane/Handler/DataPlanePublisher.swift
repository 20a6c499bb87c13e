import DataPlaneAPI
import NIOCore
import NIOPosix
import PluginBridge

/// Brings new routes and data sources to every event loop; a request is served wholly by one generation.
package final class DataPlanePublisher: Sendable {
    private let loops: [(loop: any EventLoop, state: NIOLoopBound<LoopState>)]

    private init(_ loops: [(loop: any EventLoop, state: NIOLoopBound<LoopState>)]) {
        self.loops = loops
    }

    /// A publisher for the loops of a group.
    package static func start(_ group: any EventLoopGroup, host: PluginHost) async throws -> DataPlanePublisher {
        var loops: [(loop: any EventLoop, state: NIOLoopBound<LoopState>)] = []
        for loop in group.makeIterator() {
            let plugins = try await host.plugins(for: loop)
            let state = try await loop.submit {
                NIOLoopBound(LoopState(plugins: plugins.value, loop: loop), eventLoop: loop)
            }.get()
            loops.append((loop, state))
        }
        return DataPlanePublisher(loops)
    }

    /// Starts the streams of all loops.
    ///
    /// - Parameters:
    ///   - budget: what packets are charged to while they are read.
    ///   - workers: takes large packets off the loops.
    package func startStreams(
        _ settings: StreamSettings, budget: MemoryBudget, workers: NIOThreadPool
    ) async throws -> StreamHub {
        var entries: [(loop: any EventLoop, plugins: NIOLoopBound<LoopPlugins>)] = []
        for (loop, state) in loops {
            let plugins = try await loop.submit { NIOLoopBound(state.value.plugins, eventLoop: loop) }.get()
            entries.append((loop, plugins))
        }
        let hub = try await StreamHub.start(settings: settings, loops: entries, budget: budget, workers: workers)
        await onEveryLoop { state in
            state.streams = hub
            state.endUnclaimedStreams()
        }
        return hub
    }

    /// The state of a loop; call on that loop.
    package func state(of loop: any EventLoop) -> LoopState? { loops.first { $0.loop === loop }?.state.value }

    /// Publishes routes; returns when every loop has them, so that a condition set afterwards is true.
    package func publish(_ routes: RouteTable) async {
        await onEveryLoop { state in
            state.replace(routes: routes)
            state.endUnclaimedStreams()
        }
    }

    /// Lets every loop show backends the client certificates that are there now.
    package func certificatesChanged() async {
        await onEveryLoop { $0.certificatesChanged() }
    }

    /// Publishes data sources and plugin facts; returns when every loop has them.
    package func publish(_ sources: DataSourceTable, manifests: [String: PluginManifest]) async {
        await onEveryLoop { state in
            state.replace(sources: sources, manifests: manifests)
            state.refreshStreams()
        }
    }

    private func onEveryLoop(_ change: @escaping @Sendable (LoopState) -> Void) async {
        for (loop, state) in loops {
            _ = try? await loop.submit { change(state.value) }.get()
        }
    }
}
