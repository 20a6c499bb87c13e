import NIOCore

/// What a client's frames come to.
package enum WebSocketEvent: Sendable, Equatable {
    /// A complete message, its fragments joined.
    case message(isText: Bool, ByteBuffer)
    /// To be answered by a pong with the same bytes.
    case ping(ByteBuffer)
    /// The answer to a ping, or a sign of life nobody asked for.
    case pong(ByteBuffer)
    /// The client's close frame; nil when it gives no reason. Nothing comes after it.
    case close(WebSocketCloseCode?)
    /// The client broke the protocol; nothing comes after it.
    case violation(WebSocketCloseCode, String)
}

/// Takes the frames of a WebSocket client apart (RFC 6455 section 5): bytes in, events out.
///
/// A client that breaks the rules poisons the reader: after one `violation` nothing more comes out.
package struct WebSocketReader: Sendable {
    private enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    private struct Frame {
        let opcode: Opcode
        let isFinal: Bool
        var remaining: Int
        /// The masking key, its bytes in the order they are used next.
        var mask: (UInt8, UInt8, UInt8, UInt8)
    }

    private struct Violation: Error {
        let code: WebSocketCloseCode
        let text: String
    }

    private let limit: Int
    private let setting: String
    private var bytes = ByteBuffer()
    private var frame: Frame?
    /// The message whose fragments are coming in; nil between messages.
    private var isText: Bool?
    private var message = ByteBuffer()
    private var text = UTF8Check()
    /// Whether the client's last word was read.
    package private(set) var isOver = false

    /// A reader at the first frame.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of a message.
    ///   - setting: the setting that the limit comes from, for the error.
    package init(limit: Int, setting: String) {
        self.limit = limit
        self.setting = setting
    }

    /// Takes bytes of the client; `next` gives what they come to.
    package mutating func receive(_ part: ByteBuffer) {
        guard !isOver else { return }
        guard bytes.readableBytes > 0 else {
            bytes = part
            return
        }
        // What is left is the beginning of a frame; the room of those before is used again.
        bytes.discardReadBytes()
        bytes.writeImmutableBuffer(part)
    }

    /// The next event; nil when more bytes are needed or nothing comes any more.
    package mutating func next() -> WebSocketEvent? {
        while !isOver {
            do throws(Violation) {
                if frame == nil { frame = try header() }
                guard var current = frame else { return nil }
                let event = current.opcode.isControl ? try control(&current) : try data(&current)
                frame = current.remaining > 0 ? current : nil
                switch event {
                case .waiting: return nil
                case .event(let event): return event
                case nil: continue
                }
            } catch {
                end()
                return .violation(error.code, error.text)
            }
        }
        return nil
    }

    private enum Step: Equatable {
        case waiting
        case event(WebSocketEvent)
    }

    private mutating func end() {
        isOver = true
        bytes = ByteBuffer()
        message = ByteBuffer()
        frame = nil
    }

    // MARK: Header

    private mutating func header() throws(Violation) -> Frame? {
        let start = bytes.readerIndex
        guard let first = bytes.getInteger(at: start, as: UInt8.self) else { return nil }
        guard first & 0x70 == 0 else { throw broken("a reserved bit is set, but no extension was agreed on") }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw broken("unknown opcode \(first & 0x0F)") }
        let isFinal = first & 0x80 != 0
        if opcode.isControl {
            guard isFinal else { throw broken("a control frame is fragmented") }
        } else if opcode == .continuation {
            guard isText != nil else { throw broken("a continuation comes without a beginning") }
        } else {
            guard isText == nil else { throw broken("a message begins inside another") }
        }
        guard let second = bytes.getInteger(at: start + 1, as: UInt8.self) else { return nil }
        guard second & 0x80 != 0 else { throw broken("a client's frame is not masked") }
        var size = 2
        var length = UInt64(second & 0x7F)
        if length == 126 {
            guard !opcode.isControl else { throw broken("a control frame is longer than 125 bytes") }
            guard let long = bytes.getInteger(at: start + 2, as: UInt16.self) else { return nil }
            guard long > 125 else { throw broken("a length is not written in its shortest form") }
            (size, length) = (4, UInt64(long))
        } else if length == 127 {
            guard !opcode.isControl else { throw broken("a control frame is longer than 125 bytes") }
            guard let long = bytes.getInteger(at: start + 2, as: UInt64.self) else { return nil }
            guard long > UInt64(UInt16.max), long <= UInt64(Int64.max) else {
                throw broken("a length is not written in its shortest form, or negative")
            }
            (size, length) = (10, long)
        }
        if !opcode.isControl, length > UInt64(max(0, limit - message.readableBytes)) {
            throw Violation(code: .messageTooBig, text: "a message is longer than \(limit) bytes (\(setting))")
        }
        guard let mask = bytes.getBytes(at: start + size, length: 4), mask.count == 4 else { return nil }
        bytes.moveReaderIndex(forwardBy: size + 4)
        if opcode == .text || opcode == .binary { isText = opcode == .text }
        return Frame(
            opcode: opcode, isFinal: isFinal, remaining: Int(clamping: length),
            mask: (mask[0], mask[1], mask[2], mask[3]))
    }

    private func broken(_ text: String) -> Violation { Violation(code: .protocolError, text: text) }

    // MARK: Payload

    private mutating func data(_ frame: inout Frame) throws(Violation) -> Step? {
        let count = min(frame.remaining, bytes.readableBytes)
        let begin = message.writerIndex
        append(count, &frame)
        if isText == true {
            let added = message.viewBytes(at: begin, length: count)
            let isWell = added?.withUnsafeBytes { text.take($0) } ?? true
            guard isWell else { throw Violation(code: .invalidPayload, text: "a text is not UTF-8") }
        }
        guard frame.remaining == 0 else { return .waiting }
        guard frame.isFinal else { return nil }
        guard text.isComplete else { throw Violation(code: .invalidPayload, text: "a text ends inside a character") }
        defer {
            message = ByteBuffer()
            isText = nil
            text = UTF8Check()
        }
        return .event(.message(isText: isText == true, message))
    }

    /// Unmasks bytes that are there and adds them to the message.
    private mutating func append(_ count: Int, _ frame: inout Frame) {
        guard count > 0, let part = bytes.readSlice(length: count) else { return }
        let key = [frame.mask.0, frame.mask.1, frame.mask.2, frame.mask.3]
        message.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { out in
            part.withUnsafeReadableBytes { source in
                for index in 0..<min(count, source.count, out.count) { out[index] = source[index] ^ key[index & 3] }
            }
            return count
        }
        frame.remaining -= count
        let used = count & 3
        frame.mask = (key[used], key[(used + 1) & 3], key[(used + 2) & 3], key[(used + 3) & 3])
    }

    private mutating func control(_ frame: inout Frame) throws(Violation) -> Step? {
        guard bytes.readableBytes >= frame.remaining else { return .waiting }
        let kept = message
        message = ByteBuffer()
        append(frame.remaining, &frame)
        var payload = message
        message = kept
        switch frame.opcode {
        case .ping: return .event(.ping(payload))
        case .pong: return .event(.pong(payload))
        default: break
        }
        guard payload.readableBytes > 0 else {
            end()
            return .event(.close(nil))
        }
        guard let number = payload.readInteger(as: UInt16.self) else { throw broken("a close frame holds one byte") }
        let code = WebSocketCloseCode(rawValue: number)
        guard code.maySend else { throw broken("close code \(number) may not be sent") }
        var reason = UTF8Check()
        guard payload.withUnsafeReadableBytes({ reason.take($0) }), reason.isComplete else {
            throw Violation(code: .invalidPayload, text: "the reason of a close frame is not UTF-8")
        }
        end()
        return .event(.close(code))
    }
}
