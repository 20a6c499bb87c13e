/// How much of what one plugin writes is logged: a plugin that writes without end would fill the disk of the log.
struct LogBudget: Sendable {
    /// What to do with a line.
    enum Verdict: Sendable, Equatable {
        /// Log it; before it, so many lines were left out.
        case log(leftOut: Int)
        /// Leave it out.
        case drop
    }

    /// So many bytes are logged in one window.
    static let bytesPerWindow = 1024 * 1024
    /// The length of a window in seconds.
    static let windowSeconds = 1.0

    private var windowStart = -Double.infinity
    private var spent = 0
    private var leftOut = 0

    /// Judges a line.
    ///
    /// - Parameter now: seconds of a clock that never goes back.
    mutating func judge(bytes: Int, now: Double) -> Verdict {
        if now - windowStart >= Self.windowSeconds {
            windowStart = now
            spent = 0
        }
        guard spent <= Self.bytesPerWindow - min(bytes, Self.bytesPerWindow) else {
            leftOut &+= 1
            return .drop
        }
        // An entry has a timestamp and names besides its line; empty lines aren't free.
        spent += min(bytes, Self.bytesPerWindow) + 64
        defer { leftOut = 0 }
        return .log(leftOut: leftOut)
    }
}
