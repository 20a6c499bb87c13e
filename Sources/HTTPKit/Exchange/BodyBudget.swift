import DataPlaneAPI
import Synchronization

/// Bytes of gathered bodies, and of lists on their way, that are in memory at once over all event loops.
package final class BodyBudget: Sendable {
    /// The setting that bounds them.
    package static let setting = "request-memory-limit"

    private let allowance: ByteAllowance

    /// A budget of so many bytes.
    package init(limit: Int) { allowance = ByteAllowance(limit: limit) }

    /// The most bytes.
    package var limit: Int { allowance.limit }
    /// Bytes that are held now.
    package var inUse: Int { allowance.inUse }

    /// Counts bytes until the charge is given back, or nobody has it any more.
    ///
    /// - Throws: 503 when they don't fit now, 413 when they never will.
    package func charge(_ bytes: Int) throws(GatewayError) -> BodyCharge {
        let charge = BodyCharge(self)
        try charge.grow(to: bytes)
        return charge
    }

    /// Looks whether so many more bytes fit at present.
    func check(_ bytes: Int) throws(GatewayError) {
        guard bytes <= limit else { throw tooLarge(bytes) }
        guard bytes <= limit - inUse else { throw full }
    }

    fileprivate func add(_ bytes: Int, to before: Int) throws(GatewayError) {
        guard bytes <= limit - before else { throw tooLarge(before + bytes) }
        guard allowance.take(bytes) else { throw full }
    }

    fileprivate func give(_ bytes: Int) { allowance.give(bytes) }

    private var full: GatewayError {
        GatewayError(
            .serviceUnavailable,
            "the gateway holds as many bytes of request bodies and lists as it may, \(limit) (setting \(Self.setting)); "
                + "try again later", source: .gateway, retryAfterSeconds: Int.random(in: 1...3))
    }

    private func tooLarge(_ bytes: Int) -> GatewayError {
        GatewayError(
            .payloadTooLarge,
            "Request entity too large: all bodies together may have \(limit) bytes (setting \(Self.setting))")
    }
}

/// One body's share of the budget.
package final class BodyCharge: Sendable {
    private let budget: BodyBudget
    private let bytes = Atomic<Int>(0)

    /// A share of nothing yet.
    package init(_ budget: BodyBudget) {
        self.budget = budget
    }

    deinit { give() }

    /// Counts as many bytes from now on; never fewer than before.
    ///
    /// - Throws: 503 when they don't fit now, 413 when they never will.
    package func grow(to size: Int) throws(GatewayError) {
        let before = bytes.load(ordering: .relaxed)
        guard size > before else { return }
        try budget.add(size - before, to: before)
        bytes.add(size - before, ordering: .relaxed)
    }

    /// Gives everything back.
    package func give() { budget.give(bytes.exchange(0, ordering: .relaxed)) }
}
