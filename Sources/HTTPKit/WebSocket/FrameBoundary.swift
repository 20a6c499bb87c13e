import NIOCore

/// Follows the frames of one direction of a WebSocket that others speak, to know where a frame may be put between.
package struct FrameBoundary {
    /// Bytes of the present frame that are to come: of its head as far as that is known, and of its payload.
    private var payload: UInt64 = 0
    /// How many bytes of a head were seen, 0 between frames.
    private var headSeen = 0
    /// How many bytes the head has.
    private var headLength = 2
    /// What the head says about the payload so far.
    private var length: UInt64 = 0
    /// Whether a close frame went by: nothing may follow it.
    private var isClosed = false

    /// Stands before the first frame.
    package init() {}

    /// Whether a frame may be sent now.
    package var isBetweenFrames: Bool { payload == 0 && headSeen == 0 && !isClosed }

    /// Looks at bytes that pass.
    package mutating func pass(_ part: ByteBuffer) {
        part.withUnsafeReadableBytes { bytes in
            var index = 0
            while index < bytes.count {
                if payload > 0 {
                    let step = min(payload, UInt64(bytes.count - index))
                    payload -= step
                    index += Int(step)
                } else {
                    head(bytes[index])
                    index += 1
                }
            }
        }
    }

    private mutating func head(_ byte: UInt8) {
        headSeen += 1
        switch headSeen {
        case 1:
            if byte & 0x0F == 0x8 { isClosed = true }
        case 2:
            let masked = byte & 0x80 != 0 ? 4 : 0
            switch byte & 0x7F {
            case 126: headLength = 4 + masked
            case 127: headLength = 10 + masked
            case let short:
                headLength = 2 + masked
                length = UInt64(short)
            }
            lengthEnd = headLength - masked
        default:
            if headSeen <= lengthEnd { length = length << 8 | UInt64(byte) }
        }
        guard headSeen > 1, headSeen == headLength else { return }
        payload = length
        (headSeen, headLength, length, lengthEnd) = (0, 2, 0, 2)
    }

    /// Where the bytes of the length end.
    private var lengthEnd = 2
}
