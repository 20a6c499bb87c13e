import NIOCore

/// Ends a call that takes too long; it can be paused and started anew at almost no cost.
///
/// Bound to its loop. It holds what it calls until it is cancelled or has called it.
final class CallClock {
    private let loop: any EventLoop
    private var expired: (() -> Void)?
    private var deadline: NIODeadline?
    private var timer: (due: NIODeadline, task: Scheduled<Void>)?

    /// A clock that runs.
    ///
    /// - Parameter expired: called once at most.
    init(_ loop: any EventLoop, seconds: Int, _ expired: @escaping () -> Void) {
        self.loop = loop
        self.expired = expired
        restart(seconds: seconds)
    }

    /// Starts anew; with nil it stands still.
    func restart(seconds: Int?) {
        guard expired != nil else { return }
        deadline = seconds.map { loop.now + .seconds(Int64($0)) }
        guard let deadline else { return }
        if let timer {
            // A later deadline is looked at when the timer is due.
            if timer.due <= deadline { return }
            timer.task.cancel()
        }
        schedule(deadline)
    }

    /// Stands still until the next `restart`.
    func pause() { deadline = nil }

    /// Never calls again.
    func cancel() {
        expired = nil
        deadline = nil
        timer?.task.cancel()
        timer = nil
    }

    private func schedule(_ time: NIODeadline) {
        timer = (time, loop.assumeIsolated().scheduleTask(deadline: time) { self.check() })
    }

    /// The timer is set once and looks when it is due what has become of the deadline meanwhile.
    private func check() {
        timer = nil
        guard let deadline else { return }
        guard deadline <= loop.now else { return schedule(deadline) }
        let body = expired
        expired = nil
        body?()
    }
}
