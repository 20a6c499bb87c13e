import NIOCore

/// What waits for one slow client: bounded, the oldest dropped first.
///
/// Of what was dropped the newest message with a schema is kept aside, and comes before the rest: without it a client
/// could make nothing of the packets that follow.
struct ListenerQueue {
    /// What the client gets next.
    enum Output {
        /// A notice that so many messages were dropped.
        case dropped(Int)
        case message(StreamMessage)
    }

    private let limit: Int
    private let byteLimit: Int
    private let dropLimit: Int
    private var waiting: CircularBuffer<StreamMessage> = []
    private var bytes = 0
    private var kept: StreamMessage?
    private var dropped = 0
    /// Messages dropped since the client last had everything.
    private var lost = 0

    /// A queue of at most so many messages and bytes; one message always fits.
    init(messages: Int, bytes: Int, dropLimit: Int) {
        limit = max(1, messages)
        byteLimit = bytes
        self.dropLimit = dropLimit
    }

    var isEmpty: Bool { waiting.isEmpty && dropped == 0 && kept == nil }
    /// Whether the client has lost messages and not caught up since.
    var isBehind: Bool { lost > 0 }

    /// Adds a message.
    ///
    /// - Returns: false when the client has lost too much and should go.
    mutating func offer(_ message: StreamMessage) -> Bool {
        waiting.append(message)
        bytes += message.json.readableBytes
        while waiting.count > 1, waiting.count > limit || bytes > byteLimit, let oldest = waiting.popFirst() {
            bytes -= oldest.json.readableBytes
            lost += 1
            guard oldest.isFull else {
                dropped += 1
                continue
            }
            if kept != nil { dropped += 1 }
            kept = oldest
        }
        return lost <= dropLimit
    }

    /// Takes what comes next; nil when the client has everything.
    mutating func next() -> Output? {
        if kept != nil, waiting.first?.isFull == true {
            // What follows describes itself.
            kept = nil
            dropped += 1
        }
        if dropped > 0 {
            defer { dropped = 0 }
            return .dropped(dropped)
        }
        if let message = kept {
            kept = nil
            return .message(message)
        }
        guard let message = waiting.popFirst() else { return nil }
        if waiting.isEmpty { lost = 0 }
        bytes -= message.json.readableBytes
        return .message(message)
    }
}
