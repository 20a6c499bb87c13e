/// Holds the plugin back while event loops lag behind: how much each has not yet handed to its listeners.
///
/// Slow clients don't count here, their loop is done with a message as soon as it is written or queued.
struct FanOutWindow {
    /// So many messages may be on their way to a loop.
    static let messages: UInt64 = 32
    /// So many bytes may be on their way to a loop.
    static let bytes: UInt64 = 4 * 1024 * 1024
    /// A loop reports back after so many messages.
    static let reportMessages: UInt64 = 8
    /// A loop reports back after so many bytes.
    static let reportBytes: UInt64 = 256 * 1024

    private struct Mark {
        var number: UInt64
        var total: UInt64
    }

    private var sent = Mark(number: 0, total: 0)
    private var taken: [Int: Mark] = [:]

    /// A loop has listeners from now on.
    mutating func add(loop: Int) {
        if taken[loop] == nil { taken[loop] = sent }
    }

    /// A loop has none any more.
    mutating func remove(loop: Int) { taken[loop] = nil }

    /// A message is on its way.
    mutating func send(number: UInt64, total: UInt64) { sent = Mark(number: number, total: total) }

    /// A loop has handed on everything up to a message.
    mutating func report(loop: Int, number: UInt64, total: UInt64) {
        guard let mark = taken[loop], number > mark.number else { return }
        taken[loop] = Mark(number: number, total: total)
    }

    /// How many messages the slowest loop lags behind.
    var lag: UInt64 { taken.values.reduce(0) { max($0, sent.number &- $1.number) } }

    /// Whether the plugin may send another message.
    var isOpen: Bool {
        taken.values.allSatisfy {
            sent.number &- $0.number < Self.messages && sent.total &- $0.total < Self.bytes
        }
    }
}
