import DataPlaneAPI
import HTTPKit
import Synchronization

/// Bounds how many of something there are at a time.
package final class Slots: Sendable {
    private let taken = Atomic<Int>(0)
    /// The most there may be.
    package let limit: Int
    private let what: String
    private let retrySeconds: ClosedRange<Int>
    private let bodies: BodyBudget?
    private let bytesEach: Int

    /// Slots for so many.
    ///
    /// - Parameters:
    ///   - what: their name in the error, such as `watches`.
    ///   - retrySeconds: when those who are refused are told to come again, spread at random.
    ///   - bodies: what each is charged to, as long as it is taken; nil for nothing.
    ///   - bytesEach: so much.
    package init(
        _ limit: Int, of what: String, retrySeconds: ClosedRange<Int>, bodies: BodyBudget? = nil,
        bytesEach: Int = Pieces.size
    ) {
        self.bodies = bodies
        self.bytesEach = bytesEach
        self.limit = limit
        self.what = what
        self.retrySeconds = retrySeconds
    }

    /// How many are taken.
    package var count: Int { taken.load(ordering: .relaxed) }

    /// Takes one; it is given back when told, or when nobody has it any more.
    ///
    /// - Throws: 429 when all are taken, 503 when there is no memory for what it is for.
    func take() throws(GatewayError) -> Slot {
        // What isn't handed out is given back with the slot.
        let slot = Slot(self, try bodies?.charge(bytesEach))
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
    private let charge: BodyCharge?

    fileprivate init(_ slots: Slots, _ charge: BodyCharge?) {
        self.slots = slots
        self.charge = charge
    }

    /// Gives it back.
    func give() {
        guard !isGiven.exchange(true, ordering: .relaxed) else { return }
        slots.give()
        charge?.give()
    }

    deinit { give() }
}
