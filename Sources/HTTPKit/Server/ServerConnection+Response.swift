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

extension ServerConnection {
    /// So much is gathered before it is given to the channel without a flush from the handler.
    private static var gatherLimit: Int { 16 * 1024 }

    func writeContinue() {
        guard !continueSent, !response.isStarted else { return }
        continueSent = true
        writeInterim(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
    }

    func writeInterim(_ head: ByteBuffer) {
        channel?.writeAndFlush(head, promise: nil)
    }

    func startResponse(
        _ status: Int, _ reason: UnsafeRawBufferPointer?, _ framing: BodyFraming, _ statedLength: Int?,
        _ fields: (inout ByteBuffer) -> Void
    ) {
        guard let exchange, let channel, !response.isStarted else { return }
        let request = exchange.request
        response.isStarted = true
        response.framing = framing
        response.keepAlive = response.keepAlive && request.keepAlive && !context.isDraining && !isLastRequest
        if request.expectsContinue, !continueSent { response.keepAlive = false }
        if isBodyUnwanted { response.keepAlive = false }
        var head = out ?? channel.allocator.buffer(capacity: 1024)
        head.writeStatusLine(status, reason)
        fields(&head)
        switch framing {
        case .none:
            if let statedLength { head.writeLengthField(statedLength) }
        case .length(let length):
            response.remaining = length
            head.writeLengthField(length)
        case .chunked:
            if request.isHTTP10 {
                response.framing = .untilClose
                response.keepAlive = false
            } else {
                head.writeStaticString("Transfer-Encoding: chunked\r\n")
            }
        case .untilClose:
            response.keepAlive = false
        }
        if status != 101 {
            if !response.keepAlive {
                head.writeStaticString("Connection: close\r\n")
            } else if request.isHTTP10 {
                head.writeStaticString("Connection: keep-alive\r\n")
            }
        }
        head.writeStaticString("\r\n")
        out = head
    }

    func writeBody(_ part: ByteBuffer) {
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

    func endResponse(_ trailers: ByteBuffer?) {
        guard response.isStarted, !response.isEnded else { return }
        switch response.framing {
        case .length where response.remaining > 0:
            return abort()
        case .chunked:
            gather { out in
                out.writeStaticString("0\r\n")
                if let trailers { out.writeImmutableBuffer(trailers) }
                out.writeStaticString("\r\n")
            }
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
    func retractResponse() -> Bool {
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
        if let reason { writeBytes(reason) } else { writeStaticString(StatusLine.phrase(status)) }
        writeStaticString("\r\n")
    }

    mutating func writeLengthField(_ length: Int) {
        writeStaticString("Content-Length: ")
        writeDecimal(length)
        writeStaticString("\r\n")
    }

    /// Writes a non-negative number in decimal.
    mutating func writeDecimal(_ value: Int) { writeDigits(UInt64(max(0, value)), radix: 10) }

    /// Writes a chunk's size line.
    mutating func writeChunkSize(_ size: Int) {
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
