import DataPlaneAPI
import Synchronization

/// Bytes of plugin answers that are held at once, over all loops; new calls are refused above the limit.
package final class MemoryBudget: Sendable {
    private let limit: Int
    private let held = Atomic<Int>(0)
    /// The workers that wait for slow clients.
    let waiting = WaitingRoom(limit: 8)

    /// A budget.
    ///
    /// - Parameter limit: bytes, the setting plugin-memory-limit.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Bytes that are held now.
    package var inUse: Int { held.load(ordering: .relaxed) }

    /// The refusal while the budget is used up.
    package var refusal: GatewayError? {
        guard inUse >= limit else { return nil }
        return GatewayError(
            .serviceUnavailable,
            "the gateway holds \(inUse) bytes of plugin answers, its limit is \(limit) (setting plugin-memory-limit); try again later",
            source: .gateway, retryAfterSeconds: 1)
    }

    /// The refusal of a message that was just charged and takes the budget beyond its limit; nil to keep the message.
    ///
    /// Messages that bring an answer forward which is under way aren't asked about: one at a time is held of those.
    func refusal(holding bytes: Int) -> GatewayError? {
        guard inUse > limit else { return nil }
        let isAlone = bytes > limit
        return GatewayError(
            isAlone ? .badGateway : .serviceUnavailable,
            isAlone
                ? "a message of the plugin's answer is \(bytes) bytes, limit is \(limit) (setting plugin-memory-limit)"
                : "the gateway holds too many bytes of plugin answers, its limit is \(limit) (setting plugin-memory-limit); "
                    + "try again later",
            source: isAlone ? .plugin : .gateway, retryAfterSeconds: isAlone ? nil : 1)
    }

    /// Counts an answer until the charge is let go.
    func charge(_ bytes: Int) -> Charge { Charge(self, bytes) }

    /// An answer's share of the budget.
    final class Charge: Sendable {
        private let budget: MemoryBudget
        private let bytes: Int

        init(_ budget: MemoryBudget, _ bytes: Int) {
            self.budget = budget
            self.bytes = bytes
            budget.held.wrappingAdd(bytes, ordering: .relaxed)
        }

        deinit { budget.held.wrappingSubtract(bytes, ordering: .relaxed) }
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
