import DataPlaneAPI
import HTTPKit
import PluginProtocol
import RPC
import Synchronization

/// Bytes of plugin answers that are held at once, over all loops; new calls are refused above the limit.
package final class MemoryBudget: Sendable {
    /// Messages up to this size may bring an answer forward that is under way when the budget is used up, bytes.
    static let smallMessage = 1 << 20

    /// By so much the process's memory rises and falls without large answers, bytes.
    private static let noise = 8 << 20

    private let allowance: ByteAllowance
    private let gauge: MemoryGauge?
    /// How many answers each watch sees on their way while memory is short.
    private let receiving = Mutex<[Int]>([])
    /// The workers that wait for slow clients.
    let waiting = WaitingRoom(limit: 8)

    /// A budget.
    ///
    /// - Parameters:
    ///   - limit: bytes, the setting plugin-memory-limit.
    ///   - measures: whether answers that are still being received count as well: the process's memory shows them, so
    ///     only one budget of a process can.
    package init(limit: Int, measures: Bool = false) {
        allowance = ByteAllowance(limit: limit)
        gauge = measures ? MemoryGauge() : nil
    }

    /// The most bytes.
    var limit: Int { allowance.limit }
    /// Bytes that are held now.
    package var inUse: Int { allowance.inUse }

    /// The refusal while the budget is used up.
    package var refusal: GatewayError? {
        guard inUse >= limit else { return nil }
        return GatewayError(
            .serviceUnavailable,
            "the gateway holds \(inUse) bytes of plugin answers, its limit is \(limit) (setting plugin-memory-limit); try again later",
            source: .gateway, retryAfterSeconds: 1)
    }

    /// Counts a message until the charge is let go, if it fits: one that doesn't takes the room of no other.
    func admit(_ bytes: Int) throws(GatewayError) -> Charge {
        guard bytes <= limit else {
            throw GatewayError(
                .badGateway,
                "a message of the plugin's answer is \(bytes) bytes, limit is \(limit) (setting plugin-memory-limit)",
                source: .plugin)
        }
        guard allowance.take(bytes) else {
            throw GatewayError(.serviceUnavailable, full, source: .gateway, retryAfterSeconds: 1)
        }
        return Charge(self, counted: bytes)
    }

    private var full: String {
        "the gateway holds too many bytes of plugin answers, its limit is \(limit) (setting plugin-memory-limit); "
            + "try again later"
    }

    /// The end of an answer whose text has to be kept when there is no room for it; nil to keep it.
    func refusalToKeep() -> GatewayError? {
        // The text takes the place of the plugin's message, which goes when the text is complete.
        guard inUse > limit + limit / 10 else { return nil }
        return GatewayError(.serviceUnavailable, full, source: .gateway, retryAfterSeconds: 1)
    }

    // MARK: Answers on their way

    /// Whether answers that are being received are seen.
    var measures: Bool { gauge != nil }

    /// About what answers take of the process's memory now, those on their way included.
    var pressure: Int { gauge.map { max(0, $0.bytes(precise: limit / 4) - Self.noise) } ?? inUse }

    /// A place for a watch to say how many answers it sees on their way.
    func addWatch() -> Int {
        receiving.withLock { counts in
            counts.append(0)
            return counts.count - 1
        }
    }

    /// Says how many answers a watch sees on their way; gives how many the others see, and whether the first watch
    /// that sees any is this one.
    func report(_ watch: Int, receiving count: Int) -> (others: Int, isFirst: Bool) {
        receiving.withLock { counts in
            guard counts.indices.contains(watch) else { return (0, true) }
            counts[watch] = count
            return (counts.reduce(0, +) - count, !counts[..<watch].contains { $0 > 0 })
        }
    }

    /// Why a call is ended whose message is being received.
    func ending(pressure: Int, isAlone: Bool) -> GRPCError {
        guard isAlone, pressure - inUse > limit else { return GRPCError(code: .memoryFull, message: full) }
        return GRPCError(
            code: .messageTooLarge,
            message: "a message of the plugin's answer is larger than \(limit) bytes, "
                + "the limit of all answers together (setting plugin-memory-limit)")
    }

    /// While there are no large answers, gives what they left behind back to the system and takes the process's memory
    /// as what it holds without them; to be called every few seconds.
    package func settle() {
        guard let gauge, inUse < 1 << 20, receiving.withLock({ $0.allSatisfy { $0 == 0 } }) else { return }
        gauge.settle()
    }

    /// Counts a message of an answer with several until the charge is let go.
    ///
    /// Small messages that bring an answer forward which is under way always fit: one at a time is held of those.
    func take(_ bytes: Int, isFirst: Bool) throws(GatewayError) -> Charge {
        isFirst || bytes > Self.smallMessage ? try admit(bytes) : charge(bytes)
    }

    /// Counts an answer until the charge is let go.
    func charge(_ bytes: Int) -> Charge {
        allowance.takeAlways(bytes)
        return Charge(self, counted: bytes)
    }

    /// An answer's share of the budget.
    final class Charge: Sendable {
        private let budget: MemoryBudget
        private let bytes: Int

        fileprivate init(_ budget: MemoryBudget, counted bytes: Int) {
            self.budget = budget
            self.bytes = bytes
        }

        deinit { budget.allowance.give(bytes) }
    }
}

/// Lets only so many wait.
final class WaitingRoom: Sendable {
    private let limit: Int
    private let inside = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether there was room; then `leave` must follow.
    func enter() -> Bool {
        if inside.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        leave()
        return false
    }

    func leave() { inside.wrappingSubtract(1, ordering: .relaxed) }
}
