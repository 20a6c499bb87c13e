import DataPlaneAPI
import NIOCore
import NIOPosix

/// The streams of the whole process: one bridge per event loop, and for each stream one loop that runs it.
///
/// The home loop of a stream follows from its key, so loops find each other by `execute` alone, without a lock.
package final class StreamHub: Sendable {
    private struct Place: Sendable {
        let loop: any EventLoop
        let bridge: NIOLoopBound<StreamBridge>
    }

    private let places: [Place]

    private init(places: [Place]) { self.places = places }

    /// Makes the bridges of all loops.
    ///
    /// - Parameters:
    ///   - loops: every loop that serves clients, with the plugins as it sees them.
    ///   - budget: what packets are charged to while they are read.
    ///   - workers: takes large packets off the loops.
    package static func start(
        settings: StreamSettings, loops: [(loop: any EventLoop, plugins: NIOLoopBound<LoopPlugins>)],
        budget: MemoryBudget, workers: NIOThreadPool
    ) async throws -> StreamHub {
        var places: [Place] = []
        for (index, entry) in loops.enumerated() {
            let bridge = try await entry.loop.submit {
                NIOLoopBound(
                    StreamBridge(
                        index: index, loop: entry.loop, settings: settings, plugins: entry.plugins.value,
                        budget: budget, workers: workers),
                    eventLoop: entry.loop)
            }.get()
            places.append(Place(loop: entry.loop, bridge: bridge))
        }
        let hub = StreamHub(places: places)
        for place in places { try await place.loop.submit { place.bridge.value.start(hub) }.get() }
        return hub
    }

    /// The bridge of a loop; call on that loop.
    package func bridge(on loop: any EventLoop) -> StreamBridge? {
        places.first { $0.loop === loop }?.bridge.value
    }

    /// Ends every stream: clients are told to come again.
    package func stop() async {
        for place in places { _ = try? await place.loop.submit { place.bridge.value.stop() }.get() }
    }

    /// How many clients listen.
    package func listeners() async -> Int {
        var count = 0
        for place in places { count += (try? await place.loop.submit { place.bridge.value.listenerCount }.get()) ?? 0 }
        return count
    }

    /// How many streams run.
    package func streams() async -> Int {
        var count = 0
        for place in places { count += (try? await place.loop.submit { place.bridge.value.feedCount }.get()) ?? 0 }
        return count
    }

    /// The place of the loop that runs a stream.
    func home(of key: StreamKey) -> Int { key.home(of: places.count) }

    /// Runs `body` on a loop: at once when it is this one, so that what is sent to a loop arrives in order.
    func run(on index: Int, _ body: @escaping @Sendable (StreamBridge) -> Void) {
        guard places.indices.contains(index) else { return }
        let place = places[index]
        if place.loop.inEventLoop { return body(place.bridge.value) }
        place.loop.execute { body(place.bridge.value) }
    }
}
