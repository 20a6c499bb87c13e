import DataPlaneAPI
import Synchronization

/// Lets only a few lists be made at a time.
///
/// A list costs what thousands of small requests cost; without a bound the requests that come after many of them would
/// wait for all, also for those whose clients have left.
package final class ListTurns: Sendable {
    private struct Waiting {
        let id: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var free: Int
        var nextID = 0
        var waiting: [Waiting] = []
        /// Those that were given up before they came to wait.
        var gone: Set<Int> = []
    }

    private let state: Mutex<State>
    private let mostWaiting: Int

    /// Turns for so many lists at a time.
    ///
    /// - Parameters:
    ///   - count: how many are made at a time.
    ///   - mostWaiting: how many may wait for their turn; further ones are refused.
    package init(_ count: Int = 2, mostWaiting: Int = 500) {
        state = Mutex(State(free: max(1, count)))
        self.mostWaiting = mostWaiting
    }

    /// How many wait for their turn.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits for a turn and takes it for as long as `body` runs.
    ///
    /// - Throws: 429 when too many wait, 499 when the task is cancelled meanwhile, and what `body` throws.
    func run<T: Sendable>(_ body: () async throws(GatewayError) -> T) async throws(GatewayError) -> T {
        try await take()
        defer { give() }
        try Self.checkCancellation()
        return try await body()
    }

    /// - Throws: 499 once nobody waits for the answer any more.
    static func checkCancellation() throws(GatewayError) {
        guard Task.isCancelled else { return }
        throw GatewayError(.clientClosedRequest, "the request was given up")
    }

    private func take() async throws(GatewayError) {
        let id: Int? = try state.withLock { (state) throws(GatewayError) -> Int? in
            if state.free > 0 {
                state.free -= 1
                return nil
            }
            guard state.waiting.count < mostWaiting else {
                throw GatewayError(
                    .tooManyRequests, "\(mostWaiting) lists wait to be made already; try again later",
                    retryAfterSeconds: 1)
            }
            state.nextID &+= 1
            return state.nextID
        }
        guard let id else { return }
        let hasTurn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state -> Bool? in
                    if state.gone.remove(id) != nil { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    state.waiting.append(Waiting(id: id, continuation: continuation))
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            leave(id)
        }
        _ = state.withLock { $0.gone.remove(id) }
        guard hasTurn else { throw GatewayError(.clientClosedRequest, "the request was given up") }
    }

    private func leave(_ id: Int) {
        let found = state.withLock { state -> Waiting? in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                // It may have its turn already; then nobody looks here again, and `take` clears it.
                state.gone.insert(id)
                return nil
            }
            return state.waiting.remove(at: index)
        }
        found?.continuation.resume(returning: false)
    }

    private func give() {
        let next = state.withLock { state -> Waiting? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.continuation.resume(returning: true)
    }
}
