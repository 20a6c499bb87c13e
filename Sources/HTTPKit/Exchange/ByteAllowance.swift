import Synchronization

/// Bytes that may be held at once, counted over all event loops.
package struct ByteAllowance: ~Copyable, Sendable {
    /// The most bytes.
    package let limit: Int
    private let held = Atomic<Int>(0)

    /// An allowance of so many bytes.
    package init(limit: Int) { self.limit = limit }

    /// Bytes that are held now.
    package var inUse: Int { held.load(ordering: .relaxed) }

    /// Takes bytes if they fit; what doesn't fit never takes the room of others, not for a moment.
    ///
    /// - Returns: whether they are taken.
    package func take(_ bytes: Int) -> Bool {
        var known = inUse
        while bytes <= limit - known {
            let (isDone, now) = held.weakCompareExchange(expected: known, desired: known + bytes, ordering: .relaxed)
            if isDone { return true }
            known = now
        }
        return false
    }

    /// Takes bytes whether they fit or not.
    package func takeAlways(_ bytes: Int) { held.wrappingAdd(bytes, ordering: .relaxed) }

    /// Gives bytes back.
    package func give(_ bytes: Int) { held.wrappingSubtract(bytes, ordering: .relaxed) }
}
