import Synchronization

/// Hands committed changes to watchers; never waits for one.
final class WatchHub: Sendable {
    private struct Watcher {
        let resource: ResourceID
        let namespace: String?
        let continuation: AsyncStream<StoreSignal>.Continuation
    }

    private struct State {
        var current: Int
        var nextID = 0
        var watchers: [Int: Watcher] = [:]
    }

    private let state: Mutex<State>
    private let bufferLimit: Int

    init(current: Int, bufferLimit: Int) {
        state = Mutex(State(current: current))
        self.bufferLimit = bufferLimit
    }

    var current: Int { state.withLock { $0.current } }
    var watcherCount: Int { state.withLock { $0.watchers.count } }

    /// Registers a watcher; whoever calls holds the database, so no commit can come in between.
    func register(_ resource: ResourceID, namespace: String?) -> (AsyncStream<StoreSignal>, WatchHandle) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: StoreSignal.self, bufferingPolicy: .bufferingOldest(bufferLimit))
        let id = state.withLock { state in
            state.nextID += 1
            state.watchers[state.nextID] = Watcher(
                resource: resource, namespace: namespace, continuation: continuation)
            return state.nextID
        }
        let handle = WatchHandle(hub: self, id: id, continuation: continuation)
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        return (stream, handle)
    }

    /// Delivers a commit, in the order of commits.
    ///
    /// A watcher whose buffer is full is cut.
    func publish(_ event: StoreEvent) {
        let cut = state.withLock { state -> [AsyncStream<StoreSignal>.Continuation] in
            state.current = event.object.version
            var cut: [AsyncStream<StoreSignal>.Continuation] = []
            for (id, watcher) in state.watchers where watcher.resource == event.object.key.resource {
                if let namespace = watcher.namespace, namespace != event.object.key.namespace { continue }
                if case .dropped = watcher.continuation.yield(.change(event)) {
                    state.watchers[id] = nil
                    cut.append(watcher.continuation)
                }
            }
            return cut
        }
        // Outside the lock: ending a stream calls back into `remove`.
        for continuation in cut { continuation.finish() }
    }

    /// Ends every watch.
    func endAll() {
        let all = state.withLock { state in
            defer { state.watchers.removeAll() }
            return state.watchers.values.map(\.continuation)
        }
        for continuation in all { continuation.finish() }
    }

    fileprivate func bookmark(_ id: Int) {
        state.withLock { state in
            _ = state.watchers[id]?.continuation.yield(.bookmark(state.current))
        }
    }

    private func remove(_ id: Int) {
        state.withLock { $0.watchers[id] = nil }
    }
}

/// Asks for bookmarks on a watch, and ends it.
package struct WatchHandle: Sendable {
    fileprivate let hub: WatchHub
    fileprivate let id: Int
    fileprivate let continuation: AsyncStream<StoreSignal>.Continuation

    /// Puts a bookmark into the stream, behind every change up to its version.
    package func bookmark() { hub.bookmark(id) }
    /// Ends the stream behind what is in it already.
    package func end() { continuation.finish() }
}

/// A running watch.
package struct StoreWatch: Sendable {
    /// What happened before the watch began, to be delivered first: the state as additions, or a replay of changes.
    package let initial: [StoreEvent]
    /// The version of the store when the watch began.
    package let version: Int
    /// What happens from then on; ends when the watcher is too slow.
    package let signals: AsyncStream<StoreSignal>
    /// Control over the watch.
    package let handle: WatchHandle
}
