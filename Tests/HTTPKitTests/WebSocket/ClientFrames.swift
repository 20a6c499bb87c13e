import NIOCore

@testable import HTTPKit

/// Writes frames as a client sends them, right ones and wrong ones.
enum ClientFrame {
    static func frame(
        _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0,
        key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
    ) -> [UInt8] {
        var out: [UInt8] = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: out.append(mask | UInt8(payload.count))
        case ..<65_536: out += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: out += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        guard isMasked else { return out + payload }
        return out + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
    }

    static func text(_ text: String, isFinal: Bool = true) -> [UInt8] { frame(1, Array(text.utf8), isFinal: isFinal) }
    static func more(_ bytes: [UInt8], isFinal: Bool) -> [UInt8] { frame(0, bytes, isFinal: isFinal) }
    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
        frame(8, [UInt8(code >> 8), UInt8(code & 255)] + reason)
    }
}

extension WebSocketReader {
    /// Everything that bytes come to, given in pieces.
    static func events(_ pieces: [[UInt8]], limit: Int = 1 << 20) -> [WebSocketEvent] {
        var reader = WebSocketReader(limit: limit, setting: "test-limit")
        var events: [WebSocketEvent] = []
        for piece in pieces {
            reader.receive(ByteBuffer(bytes: piece))
            while let event = reader.next() { events.append(event) }
        }
        return events
    }

    /// The code that ends a reading which must end with a violation.
    static func violation(_ bytes: [UInt8], limit: Int = 1 << 20) -> WebSocketCloseCode? {
        guard case .violation(let code, _) = events([bytes], limit: limit).last else { return nil }
        return code
    }
}

extension WebSocketEvent {
    static func text(_ text: String) -> WebSocketEvent { .message(isText: true, ByteBuffer(string: text)) }
}
