internal import CSystemShim
internal import Glibc
internal import Synchronization

/// A child process in a group of its own, which the kernel kills when the host is gone.
package final class PluginProcess: Sendable {
    /// The process id, also the id of the group.
    package let pid: Int32
    private let state = Mutex(State())

    private struct State {
        var exit: ProcessExit?
        var reaped = false
        var waiting: [CheckedContinuation<ProcessExit, Never>] = []
    }

    init(pid: Int32) {
        self.pid = pid
    }

    /// Starts a process; `onEvent` hears of its lines and its end.
    package static func start(
        _ request: ProcessRequest, onEvent: @escaping @Sendable (ProcessEvent) -> Void
    ) async throws(ProcessError) -> PluginProcess {
        let result = await withCheckedContinuation { continuation in
            ProcessWatcher.shared.submit(request, onEvent) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Sends a signal to the whole group; nothing happens once the process has ended.
    package func signal(_ number: Int32) {
        state.withLock { state in
            // Until it is reaped the number belongs to this group and to no other.
            if !state.reaped { _ = Glibc.kill(-pid, number) }
        }
    }

    /// Kills the whole group.
    package func kill() {
        signal(SIGKILL)
    }

    /// How the process ended; waits until it has.
    package func exited() async -> ProcessExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Takes the exit status; nil while the process runs.
    ///
    /// Descendants that stayed in the group are killed first.
    func reap(pidfd: Int32) -> ProcessExit? {
        state.withLock { state in
            guard !state.reaped else { return nil }
            _ = Glibc.kill(-pid, SIGKILL)
            var code: Int32 = -1
            var signal: Int32 = -1
            let result = csystem_reap(pidfd, &code, &signal)
            guard result != 0 else { return nil }
            state.reaped = true
            // Somebody else took the status: all that is known is that the process is gone.
            return result < 0 || code >= 0 ? .code(code) : .signal(signal)
        }
    }

    func hasExited(_ exit: ProcessExit) {
        let waiting = state.withLock { state in
            state.exit = exit
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: exit) }
    }
}
