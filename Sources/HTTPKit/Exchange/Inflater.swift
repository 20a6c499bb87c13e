import CInflate
import DataPlaneAPI
import NIOCore

/// Unpacks a gzip text piece by piece.
final class Inflater {
    private let stream: OpaquePointer

    /// Nil when memory is short.
    init?() {
        guard let stream = cinflate_create() else { return nil }
        self.stream = stream
    }

    deinit { cinflate_destroy(stream) }

    /// Whether what was read so far is a whole text.
    var isComplete: Bool { cinflate_is_complete(stream) != 0 }

    /// Unpacks from `input`, which is consumed, to the end of `output`, which is given its memory once per call.
    ///
    /// - Parameter room: the most bytes that are written.
    /// - Returns: whether all input was used; false when there was more than `room`.
    /// - Throws: 400 for what is no gzip.
    func step(_ input: inout ByteBuffer, to output: inout ByteBuffer, room: Int) throws(GatewayError) -> Bool {
        var used = input.readableBytes
        var result = CINFLATE_MORE
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            var written = min(room, target.count)
            input.withUnsafeReadableBytes { source in
                guard let place = target.baseAddress else { return }
                result = cinflate_step(
                    stream, source.baseAddress?.assumingMemoryBound(to: UInt8.self), &used,
                    place.assumingMemoryBound(to: UInt8.self), &written)
            }
            return written
        }
        input.moveReaderIndex(forwardBy: used)
        switch result {
        case CINFLATE_MORE: return true
        case CINFLATE_FULL: return false
        default: throw Self.corrupt
        }
    }

    static let noMemory = GatewayError(.serviceUnavailable, "there is no memory to unpack the body; try again")
    static let corrupt = GatewayError(.badRequest, "the body is no valid gzip, as its Content-Encoding says")
    static let cut = GatewayError(.badRequest, "the gzip of the body ends before its end; send it whole")
}
