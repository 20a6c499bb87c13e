import NIOCore

/// The last messages of a stream, for clients that come again: always the newest, without gaps, within bounds.
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
