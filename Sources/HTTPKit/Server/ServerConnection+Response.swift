import DataPlaneAPI
import NIOCore

/// How far the answer of the present exchange is.
struct ResponseState {
    var framing = BodyFraming.none
    var remaining = 0
    var isStarted = false
    var isEnded = false
    /// Whether bytes of it have left.
    var hasLeft = false
    var keepAlive = true
}

extension ServerConnection: ExchangeTransport {
    /// So much is gathered before it is given to the channel without a flush from the handler.
    private static var gatherLimit: Int { 16 * 1024 }

    var isWritable: Bool { channel?.isWritable ?? false }
    var isDraining: Bool { context.isDraining }

    // MARK: The request's body

    func deliver(to sink: any RequestBodySink, sendContinue: Bool) {
        if sendContinue, exchange?.request.expectsContinue == true, !continueSent, !response.isStarted {
            continueSent = true
            channel?.writeAndFlush(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"), promise: nil)
        }
        attach(sink)
    }

    func pauseBody() {
        isPaused = true
        if phase == .body { deadline = nil }
        updateReading()
    }

    func resumeBody() {
        guard isPaused else { return }
        isPaused = false
        if phase == .body { startBodyWindow() }
        process()
    }

    // MARK: The answer

    func interim(_ status: Int, reason: UnsafeRawBufferPointer?, _ fields: (inout FieldWriter) -> Void) {
        guard let exchange, !exchange.request.isHTTP10, !response.isStarted, let channel else { return }
        var head = channel.allocator.buffer(capacity: 512)
        head.writeStatusLine(status, reason)
        var writer = FieldWriter(head, date: context.date)
        fields(&writer)
        writer.out.writeStaticString("\r\n")
        channel.writeAndFlush(writer.out, promise: nil)
    }

    func start(
        _ status: Int, reason: UnsafeRawBufferPointer?, body: BodyLength, statedLength: Int?,
        _ fields: (inout FieldWriter) -> Void
    ) {
        guard let exchange, let channel, !response.isStarted else { return }
        let request = exchange.request
        response.isStarted = true
        response.keepAlive = response.keepAlive && request.keepAlive && !context.isDraining && !isLastRequest
        if request.expectsContinue, !continueSent { response.keepAlive = false }
        if isBodyUnwanted { response.keepAlive = false }
        var head = out ?? channel.allocator.buffer(capacity: 1024)
        out = nil
        head.writeStatusLine(status, reason)
        var writer = FieldWriter(head, date: context.date)
        head = ByteBuffer()
        fields(&writer)
        writeFraming(status, body, statedLength, isHTTP10: request.isHTTP10, into: &writer)
        writer.out.writeStaticString("\r\n")
        out = writer.out
    }

    /// Decides how the body's end is told, and writes what concerns this hop.
    private func writeFraming(
        _ status: Int, _ body: BodyLength, _ statedLength: Int?, isHTTP10: Bool, into head: inout FieldWriter
    ) {
        guard status != 101 else {
            response.framing = .untilClose
            response.keepAlive = false
            return head.add("Connection", fixed: "Upgrade")
        }
        switch body {
        case .none:
            response.framing = .none
            if let statedLength { head.addLength(statedLength) }
        case .known(let length):
            response.framing = .length(length)
            response.remaining = length
            head.addLength(length)
        case .unknown:
            response.framing = isHTTP10 ? .untilClose : .chunked
            if isHTTP10 { response.keepAlive = false } else { head.add("Transfer-Encoding", fixed: "chunked") }
        }
        if !response.keepAlive {
            head.add("Connection", fixed: "close")
        } else if isHTTP10 {
            head.add("Connection", fixed: "keep-alive")
        }
    }

    func upgrade(
        reason: UnsafeRawBufferPointer?, to sink: any RequestBodySink, _ fields: (inout FieldWriter) -> Void,
        opened: () -> Void
    ) {
        start(101, reason: reason, body: .unknown, statedLength: nil, fields)
        flush()
        opened()
        guard phase == .answering else { return }
        phase = .tunnel
        deadline = nil
        self.sink = sink
        if pending.readableBytes > 0 {
            let early = pending
            pending = ByteBuffer()
            sink.bodyReceived(early)
            sink.bodyReadComplete()
        }
        updateReading()
    }

    func write(_ part: ByteBuffer) {
        guard response.isStarted, !response.isEnded, part.readableBytes > 0 else { return }
        switch response.framing {
        case .none: return
        case .length:
            // More than was stated would be read as the next answer.
            guard part.readableBytes <= response.remaining else { return abort() }
            response.remaining -= part.readableBytes
            append(part)
        case .untilClose:
            append(part)
        case .chunked:
            gather { $0.writeChunkSize(part.readableBytes) }
            append(part)
            gather { $0.writeStaticString("\r\n") }
        }
    }

    /// Writes the chunk that is there already; where nothing waits to leave, it leaves as it is, without a copy.
    func write(_ part: SharedPart) {
        guard response.framing == .chunked else { return write(part.bytes) }
        guard response.isStarted, !response.isEnded, part.bytes.readableBytes > 0 else { return }
        guard out == nil, part.chunk.readableBytes <= Self.gatherLimit else { return append(part.chunk) }
        out = part.chunk
    }

    func end(_ trailers: HeaderBlock?) {
        guard response.isStarted, !response.isEnded else { return }
        switch response.framing {
        case .length where response.remaining > 0:
            return abort()
        case .chunked:
            gather { $0.writeLastChunk(trailers) }
        case .none, .length, .untilClose:
            break
        }
        response.isEnded = true
        // Before the last bytes leave: a client that has them may already come again, on another loop.
        exchange?.finish()
        flush()
        finishIfComplete()
    }

    /// Takes the answer back, where nothing of it has left.
    func retract() -> Bool {
        guard response.isStarted, !response.isEnded, !response.hasLeft else { return false }
        let keepAlive = response.keepAlive
        response = ResponseState()
        response.keepAlive = keepAlive
        out = nil
        return true
    }

    func flush() {
        guard let channel else { return }
        response.hasLeft = true
        if let out {
            self.out = nil
            channel.writeAndFlush(out, promise: nil)
        } else {
            channel.flush()
        }
    }

    /// An answer for bytes that never became an exchange.
    func writeRefusal(_ error: GatewayError) {
        let body = StatusBody.failure(error)
        gather { out in
            out.writeStatusLine(error.httpStatus, nil)
            out.writeStaticString("Content-Type: application/json\r\nConnection: close\r\n")
            if let seconds = error.retryAfterSeconds {
                out.writeStaticString("Retry-After: ")
                out.writeDecimal(seconds)
                out.writeStaticString("\r\n")
            }
            out.writeLengthField(body.count)
            out.writeStaticString("\r\n")
            out.writeBytes(body)
        }
    }

    /// Small parts are copied into one buffer, so that they leave in one system call; large ones go as they are.
    private func append(_ part: ByteBuffer) {
        if part.readableBytes <= 4096 {
            gather { $0.writeImmutableBuffer(part) }
        } else {
            response.hasLeft = true
            if let out {
                self.out = nil
                channel?.write(out, promise: nil)
            }
            channel?.write(part, promise: nil)
        }
    }

    private func gather(_ write: (inout ByteBuffer) -> Void) {
        guard let channel else { return }
        var buffer = out ?? channel.allocator.buffer(capacity: 1024)
        out = nil
        write(&buffer)
        guard buffer.readableBytes > Self.gatherLimit else {
            out = buffer
            return
        }
        response.hasLeft = true
        channel.write(buffer, promise: nil)
    }
}

extension ByteBuffer {
    mutating func writeStatusLine(_ status: Int, _ reason: UnsafeRawBufferPointer?) {
        if status == 200, reason == nil {
            writeStaticString("HTTP/1.1 200 OK\r\n")
            return
        }
        writeStaticString("HTTP/1.1 ")
        writeDecimal(status)
        writeInteger(UInt8(ascii: " "))
        if let reason { writeBytes(reason) } else { writeStaticString(ReasonPhrase.of(status)) }
        writeStaticString("\r\n")
    }

    mutating func writeLengthField(_ length: Int) {
        writeStaticString("Content-Length: ")
        writeDecimal(length)
        writeStaticString("\r\n")
    }

    /// Writes a non-negative number in decimal.
    mutating func writeDecimal(_ value: Int) { writeDigits(UInt64(max(0, value)), radix: 10) }

    /// Writes the last chunk and what may follow it.
    package mutating func writeLastChunk(_ trailers: HeaderBlock?) {
        writeStaticString("0\r\n")
        if let trailers, !trailers.fields.isEmpty {
            var writer = FieldWriter(self)
            self = ByteBuffer()
            writer.add(trailers)
            self = writer.out
        }
        writeStaticString("\r\n")
    }

    /// Writes a chunk's size line.
    package mutating func writeChunkSize(_ size: Int) {
        writeDigits(UInt64(max(0, size)), radix: 16)
        writeStaticString("\r\n")
    }

    private mutating func writeDigits(_ value: UInt64, radix: UInt64) {
        var count = 1
        var rest = value / radix
        while rest > 0 {
            count += 1
            rest /= radix
        }
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            var rest = value
            for index in stride(from: count - 1, through: 0, by: -1) {
                let digit = UInt8(truncatingIfNeeded: rest % radix)
                bytes[index] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
                rest /= radix
            }
            return count
        }
    }
}
