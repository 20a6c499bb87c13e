import Synchronization

/// Those who wait for a version to come.
final class VersionWaiters: Sendable {
    private enum Waiter {
        /// On its way to wait.
        case coming
        /// Given up on its way.
        case gone
        case waiting(Int, CheckedContinuation<Bool, Never>)
    }

    private struct State {
        var nextID = 0
        var all: [Int: Waiter] = [:]
    }

    private let state = Mutex(State())

    /// How many wait.
    var count: Int { state.withLock { $0.all.count } }

    /// Waits; false when it takes too long or the task is cancelled.
    ///
    /// - Parameter present: the newest version now; asked once more when whoever waits can be called.
    func reach(_ version: Int, milliseconds: Int, _ present: @Sendable () -> Int) async -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            state.all[state.nextID] = .coming
            return state.nextID
        }
        let timer = Task { [weak self] in
            guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
            self?.leave(id)
        }
        defer {
            timer.cancel()
            state.withLock { _ = $0.all.removeValue(forKey: id) }
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isGone = state.withLock { state in
                    if case .gone = state.all[id] { return true }
                    state.all[id] = .waiting(version, continuation)
                    return false
                }
                if isGone { return continuation.resume(returning: false) }
                // It may have come in between.
                if present() >= version { arrived(version) }
            }
        } onCancel: {
            leave(id)
        }
    }

    private func leave(_ id: Int) {
        let found = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            switch state.all[id] {
            case .waiting(_, let continuation):
                state.all[id] = nil
                return continuation
            case .coming: state.all[id] = .gone
            case .gone, nil: break
            }
            return nil
        }
        found?.resume(returning: false)
    }

    /// Lets those go who wait for this version or an earlier one.
    func arrived(_ version: Int) {
        let found = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            var found: [CheckedContinuation<Bool, Never>] = []
            for (id, waiter) in state.all {
                guard case .waiting(let wanted, let continuation) = waiter, wanted <= version else { continue }
                state.all[id] = nil
                found.append(continuation)
            }
            return found
        }
        for continuation in found { continuation.resume(returning: true) }
    }
}
