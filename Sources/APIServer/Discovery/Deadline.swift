/// Bounds a wait.
enum Deadline {
    /// What `work` returns, or nil when that takes longer than so many seconds; the work isn't waited for then.
    static func first<T: Sendable>(of seconds: Int, _ work: @escaping @Sendable () async -> T?) async -> T? {
        let (stream, continuation) = AsyncStream.makeStream(of: T?.self)
        let worker = Task {
            continuation.yield(await work())
            continuation.finish()
        }
        let timer = Task {
            try? await Task.sleep(for: .seconds(seconds))
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
