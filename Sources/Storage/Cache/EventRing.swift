/// The latest events of a kind, each with a number; those that fall off are freed one by one.
struct EventRing: Sendable {
    /// How much is kept.
    struct Limit: Sendable, Hashable {
        /// So many events.
        var events: Int
        /// So many bytes of states that are no more.
        var bytes: Int
    }

    /// Behind the newest by more than this, an event has no renderings.
    private static let rendered = 256

    private var slots: [Event?] = []
    /// The number of the oldest event that is kept.
    private(set) var first = 0
    /// The number that the next event gets.
    private(set) var next = 0
    /// Every change after this version is in the ring.
    private(set) var start: Int
    private var bytes = 0

    init(start: Int) { self.start = start }

    /// Adds an event, and drops old ones beyond the limits; one is always kept, however large.
    mutating func append(_ event: Event, _ limit: Limit) {
        if next - first == slots.count { grow() }
        slots[next & (slots.count - 1)] = event
        next += 1
        bytes += event.oldBytes
        while next - first > max(1, limit.events) || bytes > limit.bytes && next - first > 1 { dropFirst() }
        self[next - 1 - Self.rendered]?.forgetRenderings()
    }

    private mutating func dropFirst() {
        let index = first & (slots.count - 1)
        if let event = slots[index] {
            start = event.version
            bytes -= event.oldBytes
        }
        slots[index] = nil
        first += 1
    }

    private mutating func grow() {
        var larger: [Event?] = Array(repeating: nil, count: max(16, slots.count * 2))
        for number in first..<next { larger[number & (larger.count - 1)] = slots[number & (slots.count - 1)] }
        slots = larger
    }

    /// The event of a number; nil for one that isn't kept.
    subscript(number: Int) -> Event? {
        number >= first && number < next ? slots[number & (slots.count - 1)] : nil
    }

    /// The number of the first event after a version; nil when the ring doesn't reach back as far.
    func number(after version: Int) -> Int? {
        guard version >= start else { return nil }
        var (low, high) = (first, next)
        while low < high {
            let middle = low + (high - low) / 2
            if (self[middle]?.version ?? 0) > version { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Events from a number on, a bounded number of them; nil when the first has fallen off.
    func events(from number: Int, atMost count: Int) -> [Event]? {
        guard number >= first else { return nil }
        guard number < next else { return [] }
        return (number..<min(next, number + max(0, count))).compactMap { self[$0] }
    }
}
