import NIOCore
import Testing

@testable import HTTPKit

/// Where a frame may be put between those that others send.
struct FrameBoundaryTests {
    private static func frame(_ length: Int, masked: Bool) -> [UInt8] {
        var bytes: [UInt8] = [0x82]
        let mask: UInt8 = masked ? 0x80 : 0
        switch length {
        case ..<126: bytes.append(mask | UInt8(length))
        case ..<65_536: bytes += [mask | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
        default: bytes += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) }
        }
        // A payload that looks like frames, also like ones that close.
        return bytes + (masked ? [1, 2, 3, 4] : []) + (0..<length).map { $0 % 2 == 0 ? 0x88 : 0x00 }
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536], [true, false])
    func `only the end of a frame is a boundary, however it is cut`(length: Int, masked: Bool) {
        let bytes = Self.frame(length, masked: masked)
        var whole = FrameBoundary()
        #expect(whole.isBetweenFrames)
        whole.pass(ByteBuffer(bytes: bytes + bytes))
        #expect(whole.isBetweenFrames)
        var single = FrameBoundary()
        for (index, byte) in bytes.enumerated() {
            single.pass(ByteBuffer(bytes: [byte]))
            #expect(single.isBetweenFrames == (index == bytes.count - 1))
        }
    }

    @Test func `nothing follows a close frame`() {
        var boundary = FrameBoundary()
        boundary.pass(ByteBuffer(bytes: [0x81, 0x01, 0x61, 0x88, 0x00]))
        #expect(!boundary.isBetweenFrames)
    }

    @Test func `a close frame of a client is masked`() {
        let bytes = Array(WebSocketWriter.maskedClose(.goingAway).readableBytesView)
        #expect(bytes.count == 8 && bytes[0] == 0x88 && bytes[1] == 0x82)
        #expect([bytes[6] ^ bytes[2], bytes[7] ^ bytes[3]] == [0x03, 0xE9])
    }
}
