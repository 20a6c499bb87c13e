import Bytes
import DataPlaneAPI
import Storage
import Synchronization

/// A storage whose commits wait until they are let go.
final class HeldStorage: ObjectStorage {
    private struct State {
        var isHolding = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let storage: any ObjectStorage
    private let state = Mutex(State())

    init(_ storage: any ObjectStorage) { self.storage = storage }

    /// How many commits wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Holds commits from now on.
    func hold() { state.withLock { $0.isHolding = true } }

    /// Lets all of them go.
    func letGo() {
        let all = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        for one in all { one.resume() }
    }

    func commit(
        _ key: ObjectKey, _ precondition: Precondition, _ content: RecordContent?
    ) async throws(GatewayError) -> CommitResult {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                if state.isHolding { state.waiting.append(continuation) }
                return state.isHolding
            }
            if !waits { continuation.resume() }
        }
        return try await storage.commit(key, precondition, content)
    }

    func get(_ key: ObjectKey) async throws(GatewayError) -> Record? { try await storage.get(key) }
    func load(
        _ page: @escaping @Sendable ([Record]) throws(GatewayError) -> Void
    ) async throws(GatewayError) -> LoadedState { try await storage.load(page) }
    func newest() async throws(GatewayError) -> Int { try await storage.newest() }
    func follow(after version: Int, _ sink: @escaping @Sendable (StorageSignal) -> Void) async throws(GatewayError) {
        try await storage.follow(after: version, sink)
    }
    func compact(before version: Int) async throws(GatewayError) { try await storage.compact(before: version) }
    func close() async throws(GatewayError) { try await storage.close() }
}
