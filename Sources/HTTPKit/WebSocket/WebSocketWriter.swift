import NIOCore

/// Writes a server's frames: whole messages, never masked (RFC 6455 section 5.1).
package enum WebSocketWriter {
    /// A text message; `payload` must be UTF-8.
    package static func text(_ payload: ByteBuffer) -> ByteBuffer { frame(0x81, payload) }

    /// A message of bytes.
    package static func binary(_ payload: ByteBuffer) -> ByteBuffer { frame(0x82, payload) }

    /// A ping; at most 125 bytes, the rest is left out.
    package static func ping(_ payload: ByteBuffer = ByteBuffer()) -> ByteBuffer { control(0x89, payload) }

    /// The answer to a ping.
    package static func pong(_ payload: ByteBuffer) -> ByteBuffer { control(0x8A, payload) }

    /// A close frame.
    ///
    /// - Parameters:
    ///   - code: nil for none; one that may not be sent counts as none.
    ///   - reason: for people; cut to what fits, between characters.
    package static func close(_ code: WebSocketCloseCode?, _ reason: String = "") -> ByteBuffer {
        var payload = ByteBuffer()
        if let code, code.maySend {
            payload.writeInteger(code.rawValue)
            for scalar in reason.unicodeScalars {
                guard payload.readableBytes + UTF8.width(scalar) <= 125 else { break }
                payload.writeBytes(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return frame(0x88, payload)
    }

    /// A close frame as a client sends it, masked.
    package static func maskedClose(_ code: WebSocketCloseCode) -> ByteBuffer {
        let mask = (0..<4).map { _ in UInt8.random(in: 0...255) }
        var out = ByteBuffer(bytes: [0x88, 0x82] + mask)
        out.writeInteger(UInt8(truncatingIfNeeded: code.rawValue >> 8) ^ mask[0])
        out.writeInteger(UInt8(truncatingIfNeeded: code.rawValue) ^ mask[1])
        return out
    }

    private static func control(_ first: UInt8, _ payload: ByteBuffer) -> ByteBuffer {
        frame(first, payload.getSlice(at: payload.readerIndex, length: min(125, payload.readableBytes)) ?? ByteBuffer())
    }

    private static func frame(_ first: UInt8, _ payload: ByteBuffer) -> ByteBuffer {
        var out = ByteBuffer()
        out.reserveCapacity(payload.readableBytes + 10)
        writeHeader(first, length: payload.readableBytes, into: &out)
        out.writeImmutableBuffer(payload)
        return out
    }

    /// Writes the head of a text message whose payload follows.
    package static func writeTextHeader(length: Int, into out: inout ByteBuffer) {
        writeHeader(0x81, length: length, into: &out)
    }

    private static func writeHeader(_ first: UInt8, length: Int, into out: inout ByteBuffer) {
        out.writeInteger(first)
        switch length {
        case ..<126: out.writeInteger(UInt8(clamping: length))
        case ..<65_536:
            out.writeInteger(UInt8(126))
            out.writeInteger(UInt16(clamping: length))
        default:
            out.writeInteger(UInt8(127))
            out.writeInteger(UInt64(clamping: length))
        }
    }
}
