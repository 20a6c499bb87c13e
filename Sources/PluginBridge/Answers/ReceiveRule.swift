/// Decides how many of the answers that are being received must end when memory is short.
///
/// Nobody knows how large they will become. So half of them go, the newest first, until what is left fits or is one; that
/// one goes as well when it doesn't fit alone.
struct ReceiveRule {
    /// Bytes of all answers together.
    let limit: Int

    /// How many must end.
    ///
    /// - Parameters:
    ///   - pressure: bytes that answers take now.
    ///   - own: answers on their way that whoever asks could end.
    ///   - others: answers on their way elsewhere.
    ///   - isFirst: whether the last one that stays is among `own`.
    func excess(pressure: Int, own: Int, others: Int, isFirst: Bool) -> Int {
        guard own > 0 else { return 0 }
        guard own + others > 1 else { return pressure > limit ? 1 : 0 }
        guard pressure > limit - limit / 10 else { return 0 }
        return min(isFirst ? own - 1 : own, (own + 1) / 2)
    }

    /// Milliseconds for which an answer that has begun may be a small one: in this time the core can't receive more than
    /// a tenth of the limit.
    var grace: Int { min(20, max(2, limit / 10 / (2 << 20))) }

    /// Milliseconds until it is worth looking again: half the time in which the core could fill what is left, at 2 MiB a
    /// millisecond, which is more than one thread can receive.
    func pause(pressure: Int, isReceiving: Bool) -> Int {
        let room = limit - limit / 10 - pressure
        return min(100, max(isReceiving ? 1 : 5, room / (4 << 20)))
    }

    /// How many streams must end which have asked for a further message: one of them may be receiving a large one.
    ///
    /// - Parameter held: bytes of `pressure` that are messages which have come: when those are nearly all of it, streams
    ///   only wait, mostly for their end, and ending them would free nothing and cut answers that are whole.
    func excess(pressure: Int, held: Int, streams: Int) -> Int {
        pressure > limit && pressure - held > limit / 4 ? min(8, (streams + 1) / 2) : 0
    }
}
