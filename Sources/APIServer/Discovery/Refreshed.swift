import Synchronization

/// Something that is read from memory and made anew in the background: who reads waits only where there is nothing that
/// may be shown, and not for long.
final class Refreshed<Value: Sendable>: Sendable {
    private let state: Mutex<(RefreshState<Value>, Task<Void, Never>?)>

    /// - Parameter ages: how old a value may be.
    init(_ ages: @escaping @Sendable (Value) -> RefreshAges) { state = Mutex((RefreshState(ages), nil)) }

    /// The value; nil when there is none that may be shown.
    ///
    /// - Parameters:
    ///   - patience: how long somebody waits at most, counted from when the making began.
    ///   - make: makes it; nil when that fails, and what there is goes on.
    func value(
        patience: Duration, now: ContinuousClock.Instant = .now, _ make: @escaping @Sendable () async -> Value?
    ) async -> Value? {
        let (task, wait) = state.withLock { state -> (Task<Void, Never>?, Duration?) in
            let step = state.0.step(now, patience)
            if step.begins {
                state.1 = Task {
                    let made = await make()
                    self.state.withLock { state in
                        state.0.made(made, .now)
                        state.1 = nil
                    }
                }
            }
            return (state.1, step.wait)
        }
        if let task, let wait { _ = await Deadline.first(of: wait) { await task.value } }
        return state.withLock { $0.0.shown(wait == nil ? now : .now) }
    }

    /// Whether nobody would be shown what there is.
    func isOld(_ now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { $0.0.shown(now) == nil && $0.1 == nil }
    }
}

/// How old a value may be.
struct RefreshAges: Sendable, Hashable {
    /// Younger, and nothing is done.
    var fresh: Duration
    /// Younger, and it is shown while a new one is made; older, and the new one is waited for.
    var usable: Duration
    /// Younger, and it is shown when no new one can be made.
    var kept: Duration
}

/// What a refreshed value has gone through.
struct RefreshState<Value: Sendable>: Sendable {
    /// What a reader does.
    struct Step: Equatable {
        /// Begins to make a new value.
        var begins = false
        /// Waits for it; nil for not at all.
        var wait: Duration?
    }

    /// After a failure nobody tries again before this.
    static var pause: Duration { .seconds(2) }

    private let ages: @Sendable (Value) -> RefreshAges
    private var value: (Value, at: ContinuousClock.Instant)?
    private var began: ContinuousClock.Instant?
    private var failed: ContinuousClock.Instant?

    init(_ ages: @escaping @Sendable (Value) -> RefreshAges) { self.ages = ages }

    /// Somebody reads.
    mutating func step(_ now: ContinuousClock.Instant, _ patience: Duration) -> Step {
        var isUsable = false
        if let (present, at) = value {
            let ages = ages(present)
            if now - at < ages.fresh { return Step() }
            isUsable = now - at < ages.usable
        }
        var step = Step()
        if began == nil, failed.map({ now - $0 >= Self.pause }) ?? true {
            began = now
            step.begins = true
        }
        guard let began, !isUsable else { return step }
        let left = patience - (now - began)
        if left > .zero { step.wait = left }
        return step
    }

    /// A new value was made, or couldn't be.
    mutating func made(_ new: Value?, _ now: ContinuousClock.Instant) {
        began = nil
        failed = new == nil ? now : nil
        if let new { value = (new, now) }
    }

    /// What is shown now.
    func shown(_ now: ContinuousClock.Instant) -> Value? {
        guard let (present, at) = value, now - at < ages(present).kept else { return nil }
        return present
    }
}
