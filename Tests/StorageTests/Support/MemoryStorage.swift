import DataPlaneAPI
import Synchronization

@testable import Storage

/// A storage that keeps nothing, as small as the protocol allows; it may tell of changes after their commits return, as a
/// storage on another machine does, and hold commits up.
final class MemoryStorage: ObjectStorage {
    private struct State {
        var version = 1
        var oldest = 0
        var records: [ObjectKey: Record] = [:]
        var history: [Change] = []
        var followers: [@Sendable (StorageSignal) -> Void] = []
        var held: [@Sendable () -> Void]?
    }

    private let state = Mutex(State())
    private let tellsLate: Bool

    init(tellsLate: Bool = false) { self.tellsLate = tellsLate }

    func get(_ key: ObjectKey) async throws(GatewayError) -> Record? { state.withLock { $0.records[key] } }

    func load(
        _ page: @escaping @Sendable ([Record]) throws(GatewayError) -> Void
    ) async throws(GatewayError) -> LoadedState {
        let (records, loaded) = state.withLock {
            (Array($0.records.values), LoadedState(version: $0.version, oldest: $0.oldest))
        }
        try page(records)
        return loaded
    }

    func commit(
        _ key: ObjectKey, _ precondition: Precondition, _ content: RecordContent?
    ) async throws(GatewayError) -> CommitResult {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                state.held?.append { continuation.resume() }
                return state.held != nil
            }
            if !waits { continuation.resume() }
        }
        let (result, tell) = state.withLock { state -> (CommitResult, (@Sendable () -> Void)?) in
            let old = state.records[key]
            guard precondition.holds(old), content != nil || old != nil else { return (.conflict(old), nil) }
            state.version += 1
            let new = content.map { Record(key: key, version: state.version, content: $0) }
            state.records[key] = new
            let change = Change(key: key, version: state.version, new: new, old: old)
            state.history.append(change)
            let followers = state.followers
            return (
                .committed(state.version),
                { for follower in followers { follower(.changes([change], upTo: change.version)) } }
            )
        }
        if let tell {
            if tellsLate {
                Task {
                    try? await Task.sleep(for: .milliseconds(20))
                    tell()
                }
            } else {
                tell()
            }
        }
        return result
    }

    func newest() async throws(GatewayError) -> Int { state.withLock { $0.version } }

    func follow(
        after version: Int, _ sink: @escaping @Sendable (StorageSignal) -> Void
    ) async throws(GatewayError) {
        let signal = state.withLock { state -> StorageSignal in
            guard version >= state.oldest else { return .lost(oldest: state.oldest) }
            state.followers.append(sink)
            let changes = state.history.filter { $0.version > version }
            return changes.isEmpty ? .progress(state.version) : .changes(changes, upTo: state.version)
        }
        sink(signal)
    }

    func compact(before version: Int) async throws(GatewayError) {
        state.withLock { state in
            state.oldest = max(state.oldest, min(version, state.version))
            let oldest = state.oldest
            state.history.removeAll { $0.version <= oldest }
        }
    }

    func close() async throws(GatewayError) {}

    /// Lets commits wait.
    func hold() { state.withLock { $0.held = [] } }

    /// Lets them go on.
    func release() {
        let held = state.withLock { state in
            defer { state.held = nil }
            return state.held ?? []
        }
        for commit in held { commit() }
    }
}
