import NIOCore
import Storage

/// The watches of one event loop that see the same lines: an event is matched and written once for all of them.
///
/// Every watch has a place of its own in the ring of events. Those who keep up are served in passes: what is new becomes
/// one buffer that all of them write. Who is elsewhere is served for itself, and is with the others again afterwards.
final class Audience {
    /// So many events are taken at a time.
    private static let batch = 64

    private let cache: WatchCache
    private let start: WatchStart
    /// A place is empty when its watch ended while a pass goes on.
    private var watches: [Watch?] = []
    /// How many watches there are.
    private(set) var count = 0
    /// The number of the first event that no pass was about.
    private var next: Int
    private var pass: Pass?

    private struct Pass {
        let from: Int
        let to: Int
        /// The number of the oldest event that is kept.
        let oldest: Int
        /// The new lines; nil if there are none.
        let lines: ByteBuffer?
        /// The watch that is served next.
        var index = 0
    }

    init(_ cache: WatchCache, _ start: WatchStart) {
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

    /// Delivers what is new to so many watches at most.
    ///
    /// - Returns: how many were looked at; 0 when nothing is left to do.
    func deliver(atMost limit: Int) -> Int {
        if pass == nil {
            // A loop that fell behind itself looks at each watch, and those whose place is gone end.
            let batch = cache.events(start.kind, from: next, atMost: Self.batch) ?? cache.end(start.kind)
            guard !batch.events.isEmpty || batch.end != next else { return 0 }
            let to = batch.events.isEmpty ? batch.end : next + batch.events.count
            pass = Pass(
                from: batch.events.isEmpty ? batch.end : next, to: to, oldest: batch.oldest,
                lines: lines(batch.events, withColumns: false))
        }
        return serve(atMost: limit)
    }

    private func serve(atMost limit: Int) -> Int {
        guard let now = pass else { return 0 }
        let end = min(watches.count, now.index + limit)
        for index in now.index..<end {
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
        pass?.index = end
        guard end >= watches.count else { return max(1, end - now.index) }
        next = now.to
        pass = nil
        tidy()
        return max(1, end - now.index)
    }

    /// Closes the gaps that a pass left.
    private func tidy() {
        guard count < watches.count else { return }
        watches.removeAll { $0 == nil }
        for (index, watch) in watches.enumerated() { watch?.index = index }
    }

    private func lines(_ events: [Event], withColumns: Bool) -> ByteBuffer? {
        var joined: ByteBuffer?
        for event in events {
            if let namespace = start.namespace, event.object.key.namespace != namespace { continue }
            let columns = withColumns && joined == nil
            guard let line = start.form.line(event, start.options, withColumns: columns) else { continue }
            if joined == nil { joined = line } else { joined?.writeImmutableBuffer(line) }
        }
        return joined
    }

    // MARK: One watch

    /// Delivers to one watch alone what it lacks.
    func catchUp(_ watch: Watch) {
        while watch.isReady {
            guard let batch = cache.events(start.kind, from: watch.next, atMost: Self.batch) else {
                return watch.end()
            }
            guard !batch.events.isEmpty else { return }
            watch.next += batch.events.count
            guard let lines = lines(batch.events, withColumns: !watch.hasColumns) else { continue }
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
