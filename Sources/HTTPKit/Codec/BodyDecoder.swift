import NIOCore

/// Takes a message's body apart, part by part, without gathering it.
package struct BodyDecoder {
    /// What a step found.
    package enum Event {
        /// More bytes are needed.
        case needMore
        /// Some of the body.
        case part(ByteBuffer)
        /// The end, with the trailers of a chunked body.
        case end(HeaderBlock?)
    }

    private enum State {
        case length(Int)
        case chunkSize
        case chunkData(Int)
        case chunkDataEnd
        case trailers
        case untilClose
        case done
    }

    private var state: State
    private var finder: HeadFinder
    private let isLenient: Bool
    /// The bounds.
    package var limits: HTTPLimits

    /// A decoder of one body.
    ///
    /// - Parameter isLenient: whether a line feed alone ends a line between chunks, as in answers.
    package init(_ framing: BodyFraming, limits: HTTPLimits, isLenient: Bool = false) {
        self.limits = limits
        self.isLenient = isLenient
        finder = HeadFinder(isLenient: isLenient)
        switch framing {
        case .none: state = .length(0)
        case .length(let length): state = .length(length)
        case .chunked: state = .chunkSize
        case .untilClose: state = .untilClose
        }
    }

    /// Whether the end was found.
    package var isDone: Bool {
        if case .done = state { true } else { false }
    }

    /// How many body bytes are certainly still to come; nil where only the peer knows.
    package var remaining: Int? {
        switch state {
        case .length(let left): left
        case .done: 0
        case .chunkSize, .chunkData, .chunkDataEnd, .trailers, .untilClose: nil
        }
    }

    /// Takes the next event from the buffer.
    package mutating func next(_ buffer: inout ByteBuffer) throws(HTTPParseError) -> Event {
        while true {
            switch state {
            case .length(let left):
                if left == 0 {
                    state = .done
                    return .end(nil)
                }
                guard let part = Self.take(&buffer, atMost: left) else { return .needMore }
                state = .length(left - part.readableBytes)
                return .part(part)
            case .untilClose:
                guard let part = Self.take(&buffer, atMost: .max) else { return .needMore }
                return .part(part)
            case .chunkSize:
                guard let size = try chunkSize(&buffer) else { return .needMore }
                state = size == 0 ? .trailers : .chunkData(size)
            case .chunkData(let left):
                guard let part = Self.take(&buffer, atMost: left) else { return .needMore }
                let rest = left - part.readableBytes
                state = rest == 0 ? .chunkDataEnd : .chunkData(rest)
                return .part(part)
            case .chunkDataEnd:
                if !skipBareLineFeed(&buffer) {
                    guard let end = buffer.readInteger(as: UInt16.self) else { return .needMore }
                    guard end == 0x0D0A else { throw .malformed("a chunk does not end where it says") }
                }
                state = .chunkSize
            case .trailers:
                guard let trailers = try readTrailers(&buffer) else { return .needMore }
                state = .done
                return .end(trailers.fields.isEmpty ? nil : trailers)
            case .done:
                return .end(nil)
            }
        }
    }

    /// Takes a line feed that ends a line alone, where that is allowed.
    private func skipBareLineFeed(_ buffer: inout ByteBuffer) -> Bool {
        guard isLenient, buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) == 0x0A else { return false }
        buffer.moveReaderIndex(forwardBy: 1)
        return true
    }

    private static func take(_ buffer: inout ByteBuffer, atMost limit: Int) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        return buffer.readSlice(length: min(buffer.readableBytes, limit))
    }

    /// Reads `1a2b;extension CRLF`; an extension is dropped.
    private mutating func chunkSize(_ buffer: inout ByteBuffer) throws(HTTPParseError) -> Int? {
        let isLenient = isLenient
        let line: Result<(size: Int, length: Int)?, HTTPParseError> = buffer.withUnsafeReadableBytes { bytes in
            var size = 0
            var position = 0
            while position < bytes.count, position <= 15, let digit = Self.hex(bytes[position]) {
                size = size << 4 | digit
                position += 1
            }
            guard position < bytes.count else { return .success(nil) }
            guard position > 0, position <= 15 else { return .failure(.malformed("a chunk size is not a number")) }
            var end = position
            // Space may stand before an extension, and old servers pad sizes with it; nothing else may follow.
            while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x09 { end += 1 }
            if end < bytes.count, bytes[end] == UInt8(ascii: ";") {
                while end < bytes.count, ByteClass.table[Int(bytes[end])] & ByteClass.value != 0 { end += 1 }
            }
            if end - position > 256 { return .failure(.malformed("a chunk extension is too long")) }
            guard end < bytes.count else { return .success(nil) }
            if isLenient, bytes[end] == 0x0A { return .success((size, end + 1)) }
            guard bytes[end] == 0x0D, end + 1 == bytes.count || bytes[end + 1] == 0x0A else {
                return .failure(.malformed("a chunk size line does not end properly"))
            }
            guard end + 1 < bytes.count else { return .success(nil) }
            return .success((size, end + 2))
        }
        guard let found = try line.get() else {
            if buffer.readableBytes > 512 { throw .malformed("a chunk size line is too long") }
            return nil
        }
        buffer.moveReaderIndex(forwardBy: found.length)
        return found.size
    }

    private mutating func readTrailers(_ buffer: inout ByteBuffer) throws(HTTPParseError) -> HeaderBlock? {
        if skipBareLineFeed(&buffer) { return HeaderBlock() }
        guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) else { return nil }
        if first == 0x0D0A {
            buffer.moveReaderIndex(forwardBy: 2)
            return HeaderBlock()
        }
        guard let bytes = try finder.next(&buffer, limit: limits.head) else { return nil }
        let (limits, isLenient) = (limits, isLenient)
        let fields = try bytes.withUnsafeBytesTyped { (raw) throws(HTTPParseError) in
            try FieldScanner.scan(raw, from: 0, limits: limits, isLenient: isLenient)
        }
        return HeaderBlock(storage: bytes, fields: fields)
    }

    private static func hex(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte &- 0x30)
        case 0x41...0x46: Int(byte &- 0x37)
        case 0x61...0x66: Int(byte &- 0x57)
        default: nil
        }
    }
}
