/// Bounds a wait.
enum Deadline {
    /// What `work` returns, or nil when that takes longer; the work isn't waited for then.
    static func first<T: Sendable>(of time: Duration, _ work: @escaping @Sendable () async -> T?) async -> T? {
        let (stream, continuation) = AsyncStream.makeStream(of: T?.self)
        let worker = Task {
            continuation.yield(await work())
            continuation.finish()
        }
        let timer = Task {
            try? await Task.sleep(for: time)
            continuation.finish()
        }
        defer {
            worker.cancel()
            timer.cancel()
        }
        for await result in stream { return result }
        return nil
    }
}
