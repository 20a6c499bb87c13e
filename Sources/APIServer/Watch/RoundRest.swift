import NIOCore

/// Leaves an event loop to others after a round of deliveries, for twice as long as it took: what happens meanwhile reaches
/// each watch in one write, and requests never wait behind one delivery after the other.
struct RoundRest {
    /// A rest shorter than this isn't worth a timer.
    private static let shortest = TimeAmount.microseconds(200)
    /// However long a round took, nobody waits longer than this for the next.
    private static let longest = TimeAmount.milliseconds(20)

    private var worked = TimeAmount.zero

    /// A part of the round took so long.
    mutating func add(_ time: TimeAmount) { worked = worked + time }

    /// The round is over: how long to rest; nil for not at all.
    mutating func take() -> TimeAmount? {
        defer { worked = .zero }
        let rest = min(Self.longest, worked * 2)
        return rest < Self.shortest ? nil : rest
    }
}
