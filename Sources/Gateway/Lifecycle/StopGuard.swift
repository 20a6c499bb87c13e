import Dispatch
import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Sees to it that a stop ends: orderly by itself, else with a log line that names what it waited for.
///
/// Its timer needs no thread of the process's own pools, all of which may be what the stop waits for.
final class StopGuard: Sendable {
    private struct State {
        var step: String
        /// For a stop in this step, seconds.
        var patience: Int
        /// What has been begun and must be brought to an end: an end before is a failure.
        var isRunning = false
        var isDone = false
    }

    private let state: Mutex<State>
    private let logger: Logger
    private let exit: @Sendable (Int32) -> Void

    /// A guard of a process that is starting.
    ///
    /// - Parameters:
    ///   - patience: for a stop while it starts, seconds: nothing is under way yet.
    ///   - exit: ends the process; without any of its clean-up, which may be what hangs.
    init(logger: Logger, patience: Int = 3, exit: @escaping @Sendable (Int32) -> Void = { _exit($0) }) {
        self.logger = logger
        self.exit = exit
        state = Mutex(State(step: "the start", patience: patience))
    }

    /// The process runs: a stop takes so many seconds at most.
    func runs(patience: Int) {
        state.withLock {
            $0.isRunning = true
            $0.patience = patience
        }
    }

    /// What is being done now, for the log line.
    func step(_ name: String) { state.withLock { $0.step = name } }

    /// The process is to stop: from now on it has its time.
    func begin() {
        let patience = state.withLock { $0.patience }
        DispatchQueue(label: "stop-guard").asyncAfter(deadline: .now() + .seconds(patience)) {
            self.end(after: patience)
        }
    }

    /// The stop has come to its end.
    func done() { state.withLock { $0.isDone = true } }

    private func end(after patience: Int) {
        let (step, isRunning, isDone) = state.withLock { ($0.step, $0.isRunning, $0.isDone) }
        guard !isDone else { return }
        logger.log(
            level: isRunning ? .error : .notice, "the stop has taken \(patience) s, the process ends now",
            metadata: ["waited_for": "\(step)"])
        exit(isRunning ? 1 : 0)
    }
}

extension Task where Success == Void, Failure == Never {
    /// Waits for the task's end, at most so many seconds; the task itself may go on.
    func wait(atMost seconds: Double) async {
        let (ends, end) = AsyncStream<Void>.makeStream()
        Task<Void, Never> {
            await value
            end.finish()
        }
        let timer = Task<Void, Never> {
            try? await Task<Never, Never>.sleep(for: .seconds(seconds))
            end.finish()
        }
        for await _ in ends {}
        timer.cancel()
    }
}
