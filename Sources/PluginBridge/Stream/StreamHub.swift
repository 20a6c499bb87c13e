import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix

/// The streams of the whole process: one bridge per event loop, and for each stream one loop that runs it.
///
/// The home loop of a stream follows from its key, so loops find each other by `execute` alone, without a lock.
package final class StreamHub: Sendable {
    private let bridges: PerLoop<StreamBridge>

    private init(_ bridges: PerLoop<StreamBridge>) { self.bridges = bridges }

    /// Makes the bridges of all loops.
    ///
    /// - Parameters:
    ///   - plugins: of every loop that serves clients, as it sees them.
    ///   - budget: what packets are charged to while they are read.
    ///   - workers: take large packets off the loops.
    ///   - side: reads large answers about streams.
    package static func start(
        settings: StreamSettings, plugins: PerLoop<LoopPlugins>, budget: MemoryBudget, workers: NIOThreadPool,
        side: SideWork
    ) async throws -> StreamHub {
        let hub = StreamHub(
            try await plugins.map { index, loop, plugins in
                StreamBridge(
                    index: index, loop: loop, settings: settings, plugins: plugins, budget: budget, workers: workers,
                    side: side)
            })
        await hub.bridges.onEvery { $0.start(hub) }
        return hub
    }

    /// The bridge of a loop; call on that loop.
    package func bridge(on loop: any EventLoop) -> StreamBridge? { bridges.value(on: loop) }

    /// Ends every stream: clients are told to come again.
    package func stop() async { await bridges.onEvery { $0.stop() } }

    /// How many clients listen.
    package func listeners() async -> Int { await bridges.collect { $0.listenerCount }.reduce(0, +) }

    /// How many streams run.
    package func streams() async -> Int { await bridges.collect { $0.feedCount }.reduce(0, +) }

    /// The place of the loop that runs a stream.
    func home(of key: StreamKey) -> Int { key.home(of: bridges.count) }

    /// Runs `body` on a loop: at once when it is this one, so that what is sent to a loop arrives in order.
    func run(on index: Int, _ body: @escaping @Sendable (StreamBridge) -> Void) { bridges.run(at: index, body) }
}
