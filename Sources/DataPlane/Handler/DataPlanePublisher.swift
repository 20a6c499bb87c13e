import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginBridge

/// Brings new routes and data sources to every event loop; a request is served wholly by one generation.
package final class DataPlanePublisher: Sendable {
    private let states: PerLoop<LoopState>

    private init(_ states: PerLoop<LoopState>) { self.states = states }

    /// A publisher for the loops of a group.
    package static func start(_ group: any EventLoopGroup, host: PluginHost) async throws -> DataPlanePublisher {
        DataPlanePublisher(try await PerLoop.make(group) { LoopState(plugins: host.plugins(on: $0), loop: $0) })
    }

    /// Starts the streams of all loops.
    ///
    /// - Parameters:
    ///   - budget: what packets are charged to while they are read.
    ///   - workers: take large packets off the loops.
    ///   - side: reads large answers about streams.
    package func startStreams(
        _ settings: StreamSettings, budget: MemoryBudget, workers: NIOThreadPool, side: SideWork
    ) async throws -> StreamHub {
        let hub = try await StreamHub.start(
            settings: settings, plugins: try await states.map { $2.plugins }, budget: budget, workers: workers,
            side: side)
        await states.onEvery { state in
            state.streams = hub
            state.endUnclaimedStreams()
        }
        return hub
    }

    /// The state of a loop; call on that loop.
    package func state(of loop: any EventLoop) -> LoopState? { states.value(on: loop) }

    /// Publishes routes that have changed at some places; returns when every loop has them, so that a condition set
    /// afterwards is true.
    ///
    /// What loops keep for the other places stays.
    package func publish(_ routes: RouteTable, changed: Set<GroupPlace>) async {
        await states.onEvery { state in
            if state.replace(routes: routes, changed: changed) { state.endUnclaimedStreams() }
        }
    }

    /// Lets every loop show backends the client certificates that are there now.
    package func certificatesChanged() async {
        await states.onEvery { $0.certificatesChanged() }
    }

    /// Publishes data sources and plugin facts; returns when every loop has them.
    package func publish(_ sources: DataSourceTable, manifests: [String: PluginManifest]) async {
        await states.onEvery { state in
            state.replace(sources: sources, manifests: manifests)
            state.refreshStreams()
        }
    }
}
