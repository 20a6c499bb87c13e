import Foundation

/// A WebSocket whose frames are written by hand.
final class WebSocketClient {
    /// The answer to the handshake.
    let head: Answer
    private let client: RawClient

    init(_ gateway: Gateway, _ target: String, _ headers: [(String, String)] = []) throws {
        client = try gateway.connect()
        // Key and answer of RFC 6455 section 1.3.
        head = try client.request(
            "GET", target,
            [
                ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ] + headers)
    }

    /// Sends a masked text message.
    func send(_ text: String) throws { try send(0x1, Array(text.utf8)) }

    /// Sends a masked frame.
    func send(_ opcode: UInt8, _ payload: [UInt8]) throws {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        var frame: [UInt8] = [0x80 | opcode]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            frame += [0x80 | 126, UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF)]
        }
        frame += mask
        for (index, byte) in payload.enumerated() { frame.append(byte ^ mask[index % 4]) }
        try client.send(frame)
    }

    /// Reads a frame.
    func read() throws -> (opcode: UInt8, payload: [UInt8]) {
        let start = try client.read(2)
        guard start[0] & 0x80 != 0, start[1] & 0x80 == 0 else { throw Trouble("a fragment or a mask: \(start)") }
        var length = Int(start[1])
        if length == 126 { length = try client.read(2).reduce(0) { $0 << 8 | Int($1) } }
        if length == 127 { length = try client.read(8).reduce(0) { $0 << 8 | Int($1) } }
        return (start[0] & 0xF, try client.read(length))
    }

    /// Reads the next message of some type, answering pings on the way.
    func message(_ type: String) throws -> [String: Any] {
        while true {
            let (opcode, payload) = try read()
            if opcode == 0x9 { try send(0xA, payload) }
            if opcode == 0x8 { throw Trouble("closed: \(String(decoding: payload.dropFirst(2), as: UTF8.self))") }
            guard opcode == 0x1, let object = try JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any],
                object["type"] as? String == type
            else { continue }
            return object
        }
    }
}
