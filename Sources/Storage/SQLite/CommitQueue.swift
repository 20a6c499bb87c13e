import DataPlaneAPI

/// Commits that wait for their turn on the database; those that wait together are written together.
struct CommitQueue {
    /// A commit that waits.
    struct Waiting {
        let key: ObjectKey
        let precondition: Precondition
        let content: RecordContent?
        let done: CheckedContinuation<Result<CommitResult, GatewayError>, Never>

        var size: Int { content?.bytes.count ?? 0 }
    }

    private var all: [Waiting] = []
    private var bytes = 0
    /// Whether somebody writes what waits.
    private(set) var isRunning = false

    /// How many wait.
    var count: Int { all.count }

    /// Whether there is room for so many bytes more; one is always taken when nobody waits.
    func hasRoom(for size: Int, _ settings: SQLiteStorage.Settings) -> Bool {
        all.isEmpty || all.count < settings.waitingCommits && bytes + size <= settings.waitingBytes
    }

    /// Adds a commit.
    ///
    /// - Returns: whether whoever added it has to start the writing.
    mutating func add(_ commit: Waiting) -> Bool {
        all.append(commit)
        bytes += commit.size
        defer { isRunning = true }
        return !isRunning
    }

    /// What is written next, together; nothing when the writing is over.
    mutating func take(atMost count: Int) -> [Waiting] {
        let batch = Array(all.prefix(count))
        all.removeFirst(batch.count)
        bytes -= batch.reduce(0) { $0 + $1.size }
        if batch.isEmpty { isRunning = false }
        return batch
    }
}
