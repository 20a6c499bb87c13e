import HTTPKit
import NIOCore

/// What a stream has sent: numbers its messages, and knows what a client that joins must get first.
struct StreamJournal {
    /// Tells this life of the stream from others, in the ids that clients come again with.
    let epoch: String
    private var ring: ReplayRing
    private var newestFull: StreamMessage?
    /// The same for those who join, encoded once for all of them.
    private var beginning: (message: StreamMessage, formats: Set<StreamFormat>)?
    private var number: UInt64 = 0
    private var total: UInt64 = 0

    /// A journal of a stream that has sent nothing.
    init(epoch: String, messages: Int, bytes: Int) {
        self.epoch = epoch
        ring = ReplayRing(messages: messages, bytes: bytes)
    }

    /// Takes the next message.
    ///
    /// - Parameter formats: those that somebody listens in.
    mutating func append(_ packet: StreamPacket, formats: Set<StreamFormat>) -> StreamMessage {
        number += 1
        total &+= UInt64(packet.json.readableBytes)
        let message = StreamMessage(
            packet.json, number: number, id: id(number), isFull: packet.isFull, total: total, formats: formats)
        ring.append(message)
        if message.isFull {
            newestFull = message
            beginning = nil
        }
        return message
    }

    /// What a client gets that joins now.
    ///
    /// - Parameters:
    ///   - feed: the stream's own number.
    ///   - lastEventID: what the client got last, when it says so.
    ///   - formats: those that somebody listens in, the client's among them.
    mutating func welcome(
        _ feed: UInt64, lastEventID: String?, formats: Set<StreamFormat> = []
    ) -> StreamWelcome {
        var welcome = StreamWelcome(feed: feed, number: number, lastID: id(number), full: beginning(in: formats))
        guard let seen = lastEventID.flatMap(seenNumber) else { return welcome }
        let (messages, missed) = ring.after(seen, last: number)
        welcome.isResumed = true
        welcome.missed = missed
        welcome.messages = messages
        // After a gap what is left would mean nothing without the schema before it.
        if let full = newestFull, missed == 0 || full.number <= seen || messages.contains(where: { $0 === full }) {
            welcome.full = nil
        }
        return welcome
    }

    private mutating func beginning(in formats: Set<StreamFormat>) -> StreamMessage? {
        if let beginning, beginning.formats.isSuperset(of: formats) { return beginning.message }
        let made = newestFull?.withoutID(formats)
        beginning = made.map { ($0, formats) }
        return made
    }

    private func id(_ number: UInt64) -> String { "\(epoch)-\(number)" }

    private func seenNumber(_ id: String) -> UInt64? {
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == epoch, let seen = UInt64(parts[1]), seen <= number else { return nil }
        return seen
    }
}

/// What a listener gets when it has joined a stream.
struct StreamWelcome: Sendable {
    /// The stream.
    let feed: UInt64
    /// The number of the newest message, 0 for none; later ones are delivered.
    let number: UInt64
    /// The id of the newest message; a client that comes again with it misses nothing.
    let lastID: String
    /// The newest message with a schema, for a client that has none.
    var full: StreamMessage?
    /// Whether the client goes on where it was.
    var isResumed = false
    /// How many messages it has missed for good.
    var missed: UInt64 = 0
    /// Those it has missed that are still there.
    var messages: [StreamMessage] = []
}

/// The last messages of a stream: always the newest, without gaps, within bounds.
struct ReplayRing {
    private let limit: Int
    private let byteLimit: Int
    private var messages: CircularBuffer<StreamMessage> = []
    private var bytes = 0

    /// A ring of at most so many messages and bytes.
    init(messages: Int, bytes: Int) {
        limit = max(0, messages)
        byteLimit = max(0, bytes)
    }

    mutating func append(_ message: StreamMessage) {
        messages.append(message)
        bytes += message.json.readableBytes
        while messages.count > limit || bytes > byteLimit, let oldest = messages.popFirst() {
            bytes -= oldest.json.readableBytes
        }
    }

    /// The messages after a number that are still there, and how many of them are not.
    ///
    /// - Parameter last: the newest number that was given out.
    func after(_ number: UInt64, last: UInt64) -> (messages: [StreamMessage], missed: UInt64) {
        let found = messages.filter { $0.number > number }
        let wanted = last > number ? last - number : 0
        return (Array(found), wanted - min(wanted, UInt64(found.count)))
    }
}
