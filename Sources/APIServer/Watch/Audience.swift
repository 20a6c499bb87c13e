import HTTPKit
import NIOCore
import Storage

/// The watches of one event loop that see the same lines: an event is matched and written once for all of them.
///
/// Every watch has a place of its own in the ring of events. Those who keep up are served in passes: what is new becomes
/// one buffer that all of them write. Who is elsewhere is served for itself, and is with the others again afterwards.
final class Audience {
    /// So many events are taken at a time, and so many bytes of objects: they are written in one go.
    private static let batch = 64
    private static let batchBytes = 256 << 10
    /// More than this is read into trees away from the loop.
    private static let treeBytes = 16 << 10
    /// After so many watches the clock is looked at.
    private static let between = 16

    private let loop: any EventLoop
    private let cache: WatchCache
    private let start: WatchStart
    /// A place is empty when its watch ended while a pass goes on.
    private var watches: [Watch?] = []
    /// How many watches there are.
    private(set) var count = 0
    /// The number of the first event that no pass was about.
    private var next: Int
    private var pass: Pass?
    /// Whether the lines of the next pass are being made away from the loop.
    private var isMaking = false
    /// Called when they are there.
    var onMade: (() -> Void)?

    private struct Pass: Sendable {
        let from: Int
        let to: Int
        /// The number of the oldest event that is kept.
        let oldest: Int
        /// The new lines; nil if there are none.
        var lines: SharedPart?
        /// The watch that is served next.
        var index = 0
    }

    /// How far a delivery is.
    enum Progress {
        /// Everybody has everything.
        case done
        /// There may be more.
        case more
        /// Lines are being made; `onMade` is called when it can go on.
        case making
    }

    init(_ loop: any EventLoop, _ cache: WatchCache, _ start: WatchStart) {
        self.loop = loop
        self.cache = cache
        self.start = start
        next = start.number
    }

    /// Takes in a watch that has its place.
    func add(_ watch: Watch) {
        watch.index = watches.count
        watches.append(watch)
        count += 1
    }

    /// Lets a watch go.
    func remove(_ watch: Watch) {
        guard watches.indices.contains(watch.index), watches[watch.index] === watch else { return }
        count -= 1
        watches[watch.index] = nil
        // While a pass goes over the places, none of them moves.
        guard pass == nil else { return }
        if let last = watches.removeLast() {
            watches[watch.index] = last
            last.index = watch.index
        }
    }

    /// Ends all watches if their kind isn't served any more.
    func end(unless kinds: Kinds) {
        let shown = start.form.definition
        guard kinds.find(group: shown.group, version: shown.version, plural: shown.plural) == nil,
            !shown.group.isEmpty
        else { return }
        for watch in watches { watch?.end() }
    }

    // MARK: Passes

    /// Delivers what is new, for as long as there is time.
    func deliver(until end: NIODeadline) -> Progress {
        guard !isMaking else { return .making }
        if pass == nil {
            // A loop that fell behind itself looks at each watch, and those whose place is gone end.
            let batch = cache.events(start.kind, from: next, atMost: Self.batch) ?? cache.end(start.kind)
            guard !batch.events.isEmpty || batch.end != next else { return .done }
            let (events, size) = Self.bounded(batch.events)
            let from = events.isEmpty ? batch.end : next
            let made = Pass(from: from, to: from + events.count, oldest: batch.oldest)
            guard !start.readsTrees || size <= Self.treeBytes else {
                make(made, events)
                return .making
            }
            pass = made
            pass?.lines = Self.lines(events, start)
        }
        serve(until: end)
        return .more
    }

    /// The first of some events, as many as are written in one go, and how large their objects are.
    private static func bounded(_ events: [Event]) -> (ArraySlice<Event>, size: Int) {
        var size = 0
        for (index, event) in events.enumerated() {
            let next = size + event.object.size
            guard index == 0 || next <= batchBytes else { return (events[..<index], size) }
            size = next
        }
        return (events[...], size)
    }

    /// Makes the lines of a pass away from the loop.
    private func make(_ pass: Pass, _ events: ArraySlice<Event>) {
        isMaking = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        let (loop, start) = (loop, start)
        Task { @Sendable in
            let lines = Self.lines(events, start)
            loop.execute { bound.value.made(pass, lines) }
        }
    }

    private func made(_ pass: Pass, _ lines: SharedPart?) {
        isMaking = false
        self.pass = pass
        self.pass?.lines = lines
        onMade?()
    }

    private func serve(until end: NIODeadline) {
        guard let now = pass else { return }
        for index in now.index..<watches.count {
            if index > now.index, index.isMultiple(of: Self.between), NIODeadline.now() >= end {
                pass?.index = index
                return
            }
            guard let watch = watches[index], watch.next < now.to else { continue }
            if watch.next < now.oldest {
                // Its place in the history is gone: it comes back and lists again.
                watch.end()
            } else if watch.isReady {
                if watch.next == now.from, watch.hasColumns || !start.form.isTable {
                    watch.next = now.to
                    if let lines = now.lines { watch.write(lines) }
                } else {
                    catchUp(watch)
                }
            }
        }
        next = now.to
        pass = nil
        tidy()
    }

    /// Closes the gaps that a pass left.
    private func tidy() {
        guard count < watches.count else { return }
        watches.removeAll { $0 == nil }
        for (index, watch) in watches.enumerated() { watch?.index = index }
    }

    /// The lines of some events, once for all who read them; nil if the selectors leave all of them out.
    ///
    /// - Parameter lacksColumns: for one watch alone, whether it lacks the columns of its table; nil for all who keep up.
    private static func lines(
        _ events: ArraySlice<Event>, _ start: WatchStart, lacksColumns: Bool? = nil
    ) -> SharedPart? {
        var lines: [ByteBuffer] = []
        for event in events {
            if let namespace = start.namespace, event.object.key.namespace != namespace { continue }
            let columns = lacksColumns == true && lines.isEmpty
            if let line = start.form.line(event, start.options, withColumns: columns, isNew: lacksColumns == nil) {
                lines.append(line)
            }
        }
        return lines.isEmpty ? nil : SharedPart(lines)
    }

    // MARK: One watch

    /// Delivers to one watch alone what it lacks.
    func catchUp(_ watch: Watch) {
        while watch.isReady {
            guard let batch = cache.events(start.kind, from: watch.next, atMost: Self.batch) else {
                return watch.end()
            }
            guard !batch.events.isEmpty else { return }
            let events = Self.bounded(batch.events).0
            watch.next += events.count
            guard let lines = Self.lines(events, start, lacksColumns: !watch.hasColumns) else { continue }
            watch.hasColumns = true
            watch.write(lines)
        }
    }

    /// Tells watches that want it up to where they are.
    ///
    /// - Parameter one: the watch that is told; nil for all.
    func bookmark(_ one: Watch? = nil) {
        for watch in one.map({ [$0] }) ?? watches {
            guard let watch, watch.wantsBookmarks, watch.isReady,
                let batch = cache.events(start.kind, from: watch.next, atMost: 0), batch.end == watch.next
            else { continue }
            watch.write(
                start.form.bookmark(batch.version, endsInitialEvents: false, withColumns: !watch.hasColumns))
            watch.hasColumns = true
        }
    }
}
