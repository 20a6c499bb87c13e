import HTTPKit
import NIOCore

/// How many connections an event loop may have to one server, and who may wait for one.
package struct PoolBounds: Sendable {
    /// The most connections.
    package var connections: Int
    /// The most requests that wait for one.
    package var waiting: Int
    /// How long they wait, milliseconds.
    package var waitMS: Int
    /// What the limit is set with, for messages.
    package var setting: String

    /// Bounds of one loop.
    package init(
        connections: Int = 10_000, waiting: Int = 1_000, waitMS: Int = 5_000,
        setting: String = "upstream-connection-limit"
    ) {
        self.connections = max(1, connections)
        self.waiting = waiting
        self.waitMS = waitMS
        self.setting = setting
    }

    /// A loop's share of a bound for all loops; as many requests may wait as there may be connections.
    package static func share(
        of connections: Int, among loops: Int, waitMS: Int, setting: String
    ) -> PoolBounds {
        let share = (max(1, connections) + max(1, loops) - 1) / max(1, loops)
        return PoolBounds(connections: share, waiting: max(16, share), waitMS: waitMS, setting: setting)
    }
}

/// A request that waits for a connection.
final class PoolWait {
    private var done: ((Result<OriginConnection, any Error>) -> Void)?
    var deadline = NIODeadline.uptimeNanoseconds(0)
    var onCancel: (() -> Void)?

    init(_ done: @escaping (Result<OriginConnection, any Error>) -> Void) {
        self.done = done
    }

    var isWanted: Bool { done != nil }

    /// Nobody wants it any more.
    func cancel() {
        guard done != nil else { return }
        done = nil
        let onCancel = onCancel
        self.onCancel = nil
        onCancel?()
    }

    func finish(_ result: Result<OriginConnection, any Error>) {
        let done = done
        self.done = nil
        onCancel = nil
        done?(result)
    }
}

/// There are as many connections to a server as there may be, and none became free.
struct OriginBusy: DescribedError {
    private let bounds: PoolBounds
    private let waited: Bool

    /// - Parameter waited: whether it has waited; otherwise too many others do.
    init(_ bounds: PoolBounds, waited: Bool) {
        self.bounds = bounds
        self.waited = waited
    }

    var description: String {
        let why =
            waited
            ? "none became free within \(bounds.waitMS) ms (setting connection-wait-timeout)"
            : "\(bounds.waiting) requests wait for one already"
        return "all \(bounds.connections) connections to it that a processor may have are in use and \(why); "
            + "setting \(bounds.setting) allows more"
    }
}
