import Synchronization

/// Who is told that something changed.
final class Observers: Sendable {
    private struct State {
        var nextID = 0
        var all: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    func add(_ wake: @escaping @Sendable () -> Void) -> Observation {
        let id = state.withLock { state in
            state.nextID += 1
            state.all[state.nextID] = wake
            return state.nextID
        }
        return Observation { [weak self] in self?.state.withLock { $0.all[id] = nil } }
    }

    func wake() {
        let all = state.withLock { Array($0.all.values) }
        for wake in all { wake() }
    }
}

/// Something that is observed until this is told to end, or goes away.
package final class Observation: Sendable {
    private let onEnd: @Sendable () -> Void

    init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    /// Ends it; a call that is under way goes on.
    package func end() { onEnd() }

    deinit { onEnd() }
}
