import DataPlaneAPI
import Synchronization

/// Bounds how many of something there are at a time.
package final class Slots: Sendable {
    private let taken = Atomic<Int>(0)
    /// The most there may be.
    package let limit: Int
    private let what: String
    private let retrySeconds: ClosedRange<Int>

    /// Slots for so many.
    ///
    /// - Parameters:
    ///   - what: their name in the error, such as `watches`.
    ///   - retrySeconds: when those who are refused are told to come again, spread at random.
    package init(_ limit: Int, of what: String, retrySeconds: ClosedRange<Int>) {
        self.limit = limit
        self.what = what
        self.retrySeconds = retrySeconds
    }

    /// How many are taken.
    package var count: Int { taken.load(ordering: .relaxed) }

    /// Takes one; it is given back when told, or when nobody has it any more.
    ///
    /// - Throws: 429 when all are taken.
    func take() throws(GatewayError) -> Slot {
        let slot = Slot(self)
        guard taken.add(1, ordering: .relaxed).newValue <= limit else {
            throw GatewayError(
                .tooManyRequests, "there are \(limit) \(what) already, which is the limit; try again later",
                retryAfterSeconds: Int.random(in: retrySeconds))
        }
        return slot
    }

    fileprivate func give() { taken.subtract(1, ordering: .relaxed) }
}

/// One of a bounded number.
package final class Slot: Sendable {
    private let slots: Slots
    private let isGiven = Atomic<Bool>(false)

    fileprivate init(_ slots: Slots) { self.slots = slots }

    /// Gives it back.
    func give() {
        if !isGiven.exchange(true, ordering: .relaxed) { slots.give() }
    }

    deinit { give() }
}
