import HTTPKit
import NIOCore

/// One client's watch on its event loop: a place in the ring of events, and what its connection takes.
final class Watch {
    private let exchange: Exchange
    private let slot: Slot?
    /// Whether the client asked for bookmarks.
    let wantsBookmarks: Bool
    /// The number of the next event it needs.
    var next: Int
    /// Whether the columns of a table were sent.
    var hasColumns = false
    /// Where its audience has it.
    var index = 0
    private(set) var hasState = false
    private(set) var isOver = false
    /// Called when the client takes more.
    var onWritable: (() -> Void)?
    /// Called once when the watch is over, however it ends.
    var onEnd: (() -> Void)?

    init(_ exchange: Exchange, _ start: WatchStart) {
        self.exchange = exchange
        slot = start.slot
        wantsBookmarks = start.options.bookmarks
        next = start.number
    }

    /// Whether it takes lines now.
    var isReady: Bool { hasState && !isOver && exchange.isWritable }

    /// What was there when it began is written.
    func stateIsSent() { hasState = true }

    /// Writes lines.
    func write(_ lines: SharedPart) {
        guard !isOver else { return }
        exchange.write(lines)
        exchange.flush()
    }

    /// Writes a line of its own.
    func write(_ line: ByteBuffer) {
        guard !isOver else { return }
        exchange.write(line)
        exchange.flush()
    }

    /// Ends the answer, cleanly behind what was written.
    func end() {
        guard leave() else { return }
        exchange.end()
    }

    /// The client is gone, or the answer was ended.
    ///
    /// - Returns: whether there is an answer to end.
    @discardableResult
    func leave() -> Bool {
        guard !isOver else { return false }
        isOver = true
        exchange.letGo()
        onWritable = nil
        slot?.give()
        onEnd?()
        onEnd = nil
        return !exchange.isOver
    }
}

extension Watch: ExchangeOwner {
    func exchangeAborted() { leave() }
    func exchangeWritable() { onWritable?() }
}
