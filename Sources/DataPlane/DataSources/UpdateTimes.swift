import APIServer
import SystemKit

/// When settings changed last: plugins make their instances anew when it is another time than the one they know, and
/// some keep the later of two.
///
/// Within a run it grows with every change, whatever the clock and the times of files do; what doesn't change keeps its
/// time. The first times are those of the start, so that they are later than those of the run before; without one they
/// are made of the content.
struct UpdateTimes: Sendable {
    private let start: Int64?
    private var isFirstLoad = true
    private var last: [String: Int64] = [:]

    /// - Parameter start: when the process started, milliseconds since 1970.
    init(start: Int64?) { self.start = start }

    /// For the next load of the same files.
    var next: UpdateTimes {
        var times = self
        times.isFirstLoad = false
        return times
    }

    /// The time for settings that are new or have changed.
    ///
    /// - Parameter content: the hash of what they are now.
    mutating func time(of key: String, content: [UInt8], now: Int64 = Int64(WallClock.milliseconds())) -> Int64 {
        let time: Int64
        if let before = last[key] {
            time = max(now, before &+ 1)
        } else if isFirstLoad {
            time = start ?? ContentHash.updatedMS(content)
        } else {
            time = max(now, (start ?? 0) &+ 1)
        }
        last[key] = time
        return time
    }
}
