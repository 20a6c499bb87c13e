import HTTPKit
import NIOCore

/// Whoever gets what comes for all listeners of a stream.
protocol GroupListener: AnyObject {
    func deliver(_ message: StreamMessage)
    func end(_ ending: StreamEnding)
    func beat(now: Int)
}

/// The listeners of one stream on one event loop, and what they have yet to get.
final class ListenerGroup {
    /// The stream.
    let feed: UInt64
    /// The place of the loop that runs it.
    let home: Int
    /// Whether the stream has ended: those who are here are told, nobody joins.
    fileprivate(set) var isEnding = false
    /// What was last reported to the home loop.
    var reportedNumber: UInt64 = 0
    var reportedTotal: UInt64 = 0

    fileprivate enum Work {
        case message(StreamMessage)
        case end(StreamEnding)
        case beat(Int)
    }

    /// A listener, with the number of the newest message that it need not get.
    fileprivate struct Seat {
        var listener: (any GroupListener)?
        let seen: UInt64
    }

    /// A seat is empty when its listener left while others are served.
    fileprivate var seats: [Seat] = []
    private var places: [ObjectIdentifier: Int] = [:]
    fileprivate var work: CircularBuffer<Work> = []
    /// The seat that is served next.
    fileprivate var next = 0
    /// Whether it waits for its turn.
    fileprivate var isQueued = false

    init(feed: UInt64, home: Int) {
        self.feed = feed
        self.home = home
    }

    /// How many listen.
    var count: Int { places.count }

    /// Takes in a listener.
    ///
    /// - Parameter seen: messages up to this number came along when it joined.
    func add(_ listener: any GroupListener, seen: UInt64) {
        places[ObjectIdentifier(listener)] = seats.count
        seats.append(Seat(listener: listener, seen: seen))
    }

    /// Lets a listener go; gives whether it was here.
    func remove(_ listener: any GroupListener) -> Bool {
        guard let place = places.removeValue(forKey: ObjectIdentifier(listener)) else { return false }
        seats[place].listener = nil
        tidy()
        return true
    }

    /// Closes the gaps, when nobody counts on the places.
    fileprivate func tidy() {
        guard work.isEmpty, seats.count > 16, places.count < seats.count / 2 else { return }
        seats.removeAll { $0.listener == nil }
        for (place, seat) in seats.enumerated() {
            if let listener = seat.listener { places[ObjectIdentifier(listener)] = place }
        }
    }
}

/// Hands what comes for all listeners of a stream to one after the other: to so many at a time, then whatever else the
/// loop has to do comes first.
///
/// Each listener gets everything in order. One loop's groups have their turns one after the other.
final class FanOut {
    /// So many are served in one turn: each costs a system call, so about a third of a millisecond.
    static let turn = 64

    private var queue: CircularBuffer<ListenerGroup> = []
    private var isWaiting = false
    private let later: (@escaping () -> Void) -> Void
    private let done: (ListenerGroup, StreamMessage) -> Void

    /// - Parameters:
    ///   - later: calls something when others have had their turn.
    ///   - done: told when all of a group have a message.
    init(later: @escaping (@escaping () -> Void) -> Void, done: @escaping (ListenerGroup, StreamMessage) -> Void) {
        self.later = later
        self.done = done
    }

    func deliver(_ message: StreamMessage, to group: ListenerGroup) { add(.message(message), group) }

    func beat(now: Int, _ group: ListenerGroup) { add(.beat(now), group) }

    /// Ends a stream for all, behind what they have yet to get.
    func end(_ ending: StreamEnding, _ group: ListenerGroup) {
        group.isEnding = true
        add(.end(ending), group)
    }

    private func add(_ work: ListenerGroup.Work, _ group: ListenerGroup) {
        group.work.append(work)
        if !group.isQueued {
            group.isQueued = true
            queue.append(group)
        }
        // What is served already comes first.
        if !isWaiting { serve() }
    }

    private func serve() {
        isWaiting = true
        var left = Self.turn
        while left > 0, let group = queue.popFirst() {
            left -= serve(group, atMost: left)
            if group.work.isEmpty {
                group.isQueued = false
                group.tidy()
            } else {
                queue.append(group)
            }
        }
        guard !queue.isEmpty else {
            isWaiting = false
            return
        }
        later { [self] in serve() }
    }

    /// Serves some of a group; gives how many.
    private func serve(_ group: ListenerGroup, atMost limit: Int) -> Int {
        guard let work = group.work.first else { return 0 }
        let end = min(group.seats.count, group.next + limit)
        let first = group.next
        while group.next < end {
            let seat = group.seats[group.next]
            group.next += 1
            guard let listener = seat.listener else { continue }
            switch work {
            case .message(let message): if message.number > seat.seen { listener.deliver(message) }
            case .end(let ending): listener.end(ending)
            case .beat(let now): listener.beat(now: now)
            }
        }
        let served = end - first
        guard group.next >= group.seats.count else { return max(1, served) }
        group.next = 0
        group.work.removeFirst()
        if case .message(let message) = work { done(group, message) }
        return max(1, served)
    }
}
