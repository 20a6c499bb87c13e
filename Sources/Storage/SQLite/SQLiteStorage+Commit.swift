import DataPlaneAPI
import GRDB
import Synchronization

extension SQLiteStorage {
    /// So many commits share a write to the disk at most: the first of them shall not wait for a thousand others.
    private static let together = 256

    /// Writes one record, or removes it.
    package func commit(
        _ key: ObjectKey, _ precondition: Precondition, _ content: RecordContent?
    ) async throws(GatewayError) -> CommitResult {
        let result = await withCheckedContinuation { continuation in
            let commit = CommitQueue.Waiting(
                key: key, precondition: precondition, content: content, done: continuation)
            let starts = waiting.withLock { waiting -> Bool? in
                waiting.hasRoom(for: commit.size, settings) ? waiting.add(commit) : nil
            }
            guard let starts else {
                return continuation.resume(
                    returning: .failure(
                        GatewayError(
                            .serviceUnavailable,
                            "too many writes wait for the disk of the data folder already; try again later",
                            retryAfterSeconds: 1)))
            }
            if starts { Task { await self.drain() } }
        }
        return try result.get()
    }

    /// Writes what waits until nothing does.
    private func drain() async {
        while true {
            let batch = waiting.withLock { $0.take(atMost: Self.together) }
            guard !batch.isEmpty else { return }
            let results: [Result<CommitResult, GatewayError>]
            do throws(GatewayError) { results = try await write(batch) } catch {
                results = batch.map { _ in .failure(error) }
            }
            for (commit, result) in zip(batch, results) { commit.done.resume(returning: result) }
        }
    }

    /// Writes commits in one transaction, and tells followers when it is on the disk.
    private func write(
        _ batch: [CommitQueue.Waiting]
    ) async throws(GatewayError) -> [Result<CommitResult, GatewayError>] {
        let wanted = batch.map { ($0.key, $0.precondition, $0.content) }
        return try await access { [self] db in
            var results: [Result<CommitResult, GatewayError>] = []
            var changes: [Change] = []
            var version = current.withLock { $0 }
            var bytes = history.withLock { $0 }
            try db.inTransaction(.immediate) {
                for (key, precondition, content) in wanted {
                    let old = try SQLiteRows.fetch(db, key)
                    guard precondition.holds(old), content != nil || old != nil else {
                        results.append(.success(.conflict(old)))
                        continue
                    }
                    let (next, overflow) = version.addingReportingOverflow(1)
                    guard !overflow else { throw GatewayError(.internalError, "the store has no versions left") }
                    version = next
                    let new = content.map { Record(key: key, version: next, content: $0) }
                    let change = Change(key: key, version: next, new: new, old: old)
                    try SQLiteRows.write(db, change)
                    changes.append(change)
                    bytes += old?.content.bytes.count ?? 0
                    results.append(.success(.committed(next)))
                }
                guard !changes.isEmpty else { return .rollback }
                try SQLiteRows.setCurrent(db, version)
                bytes -= try SQLiteRows.trim(db, newest: version, bytes: bytes, settings)
                return .commit
            }
            guard !changes.isEmpty else { return results }
            let (newest, held) = (version, bytes)
            current.withLock { $0 = newest }
            history.withLock { $0 = held }
            for follower in followers.withLock({ $0 }) { follower(.changes(changes, upTo: newest)) }
            return results
        }
    }
}

extension Precondition {
    /// Whether it holds for what is stored.
    package func holds(_ record: Record?) -> Bool {
        switch self {
        case .absent: record == nil
        case .version(let version): record?.version == version
        }
    }
}
