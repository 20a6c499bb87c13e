/// Names of objects whose conditions are to be looked at: those that somebody has just changed come before the many that a
/// start or a plugin concerns; each waits once.
struct ConditionQueue {
    /// Some that are next, all of them urgent or none.
    struct Batch: Equatable {
        var names: [String]
        var isUrgent: Bool
    }

    private var urgent = Line()
    private var others = Line()
    /// Those that wait, and whether they are urgent.
    private var waiting: [String: Bool] = [:]

    /// First in, first out; those that were taken stay until there are many of them.
    private struct Line {
        var names: [String] = []
        var head = 0

        mutating func next() -> String? {
            guard head < names.count else {
                names = []
                head = 0
                return nil
            }
            defer { head += 1 }
            return names[head]
        }
    }

    /// Whether nobody waits.
    var isEmpty: Bool { waiting.isEmpty }

    /// Has an object wait; one that waits already becomes urgent if it is now.
    mutating func add(_ name: String, isUrgent: Bool) {
        if let known = waiting[name], known || !isUrgent { return }
        waiting[name] = isUrgent
        if isUrgent { urgent.names.append(name) } else { others.names.append(name) }
    }

    /// The next ones, so many at the most.
    mutating func take(atMost count: Int) -> Batch {
        let first = Self.take(&urgent, &waiting, count, isUrgent: true)
        if !first.isEmpty { return Batch(names: first, isUrgent: true) }
        return Batch(names: Self.take(&others, &waiting, count, isUrgent: false), isUrgent: false)
    }

    private static func take(
        _ line: inout Line, _ waiting: inout [String: Bool], _ count: Int, isUrgent: Bool
    ) -> [String] {
        var taken: [String] = []
        while taken.count < count, let name = line.next() {
            // One that has become urgent is in the other line too.
            guard waiting[name] == isUrgent else { continue }
            waiting[name] = nil
            taken.append(name)
        }
        return taken
    }
}
