import DataPlaneAPI
import HTTPKit
import NIOCore

/// Answers with a list as its client takes it.
enum ListAnswer {
    /// Writes the answer; call on the exchange's loop.
    ///
    /// - Parameter first: the first piece of the list, made already.
    static func start(_ exchange: Exchange, _ request: APIRequest, _ list: PreparedList) {
        guard !exchange.isOver else { return list.slot.give() }
        let (contentType, slot) = (list.rest.contentType, list.slot)
        // A short one has a length, and nothing of it is left to wait for.
        guard !list.isWhole else {
            slot.give()
            return exchange.respond(200, contentType: contentType, body: ByteBuffer(bytes: list.first)) {
                APIServerHandler.writeFields(&$0, request, APIResponse())
            }
        }
        exchange.whenFinished { slot.give() }
        exchange.start(status: 200, body: exchange.request.method == .head ? .none : .unknown) { head in
            head.add("Content-Type", contentType)
            head.addDate()
            APIServerHandler.writeFields(&head, request, APIResponse())
        }
        guard exchange.request.method != .head else { return exchange.end() }
        exchange.write(ByteBuffer(bytes: list.first))
        exchange.flush()
        let pump = PiecePump(exchange, list.rest) { _ in
            exchange.letGo()
            exchange.end()
        }
        exchange.take(pump)
        pump.run()
    }
}

/// A list with its first piece made.
struct PreparedList: Sendable {
    /// The first piece.
    let first: [UInt8]
    /// Whether that is all of it.
    let isWhole: Bool
    /// The rest.
    let rest: ListSource
    /// What it may have in memory.
    let slot: Slot

    /// Makes the first piece.
    init(_ source: ListSource, _ slot: Slot) {
        var source = source
        first = source.next() ?? []
        isWhole = source.isAtEnd
        rest = source
        self.slot = slot
    }
}
