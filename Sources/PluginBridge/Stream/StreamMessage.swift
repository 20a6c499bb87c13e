import Bytes
import HTTPKit
import NIOCore

/// A message of a stream, encoded and framed once for each format that somebody listens in, and shared by all its
/// listeners.
final class StreamMessage: Sendable {
    /// Counts the messages of a stream, from 1.
    let number: UInt64
    /// Whether it describes its fields, so that those after it can be understood.
    let isFull: Bool
    /// The plugin's JSON on one line.
    let json: ByteBuffer
    /// All bytes of the stream up to here.
    let total: UInt64
    private let id: String?
    private let events: SharedPart?
    private let lines: SharedPart?
    private let frame: SharedPart?

    /// Encodes a message.
    ///
    /// - Parameters:
    ///   - id: what a client comes again with; nil for a message that is not to be counted.
    ///   - formats: those that are needed now; the others are written when somebody asks.
    init(
        _ json: ByteBuffer, number: UInt64, id: String?, isFull: Bool, total: UInt64 = 0, formats: Set<StreamFormat>
    ) {
        self.number = number
        self.isFull = isFull
        self.json = json
        self.total = total
        self.id = id
        func encoded(_ format: StreamFormat) -> SharedPart? {
            formats.contains(format) ? Self.part(json, id, format) : nil
        }
        events = encoded(.events)
        lines = encoded(.lines)
        frame = encoded(.webSocket)
    }

    private static func part(_ json: ByteBuffer, _ id: String?, _ format: StreamFormat) -> SharedPart {
        SharedPart([StreamText.data(json, id: id, format)])
    }

    /// The text for a client.
    func part(_ format: StreamFormat) -> SharedPart {
        let kept =
            switch format {
            case .events: events
            case .lines: lines
            case .webSocket: frame
            }
        return kept ?? Self.part(json, id, format)
    }

    /// The same without an id, for a client that comes later and gets it as a beginning.
    func withoutID(_ formats: Set<StreamFormat>) -> StreamMessage {
        StreamMessage(json, number: number, id: nil, isFull: isFull, formats: formats)
    }
}

/// What a plugin sent, checked.
struct StreamPacket: Sendable {
    /// One line of JSON.
    let json: ByteBuffer
    /// Whether it is an object with a `schema`.
    let isFull: Bool

    /// Checks that bytes are one JSON text and copies them.
    ///
    /// Line ends, which JSON has between its tokens only, become spaces: both SSE and JSON lines end at them.
    init(_ bytes: UnsafeRawBufferPointer) throws(JSONError) {
        isFull = try Self.check(bytes)
        var copy = ByteBuffer(bytes: bytes)
        if bytes.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
            copy.withUnsafeMutableReadableBytes { out in
                for index in out.indices where out[index] == 0x0A || out[index] == 0x0D { out[index] = 0x20 }
            }
        }
        json = copy
    }

    /// Checks that bytes are one JSON text.
    static func check(_ bytes: [UInt8]) throws(JSONError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in
                var scanner = JSONScanner(bytes)
                _ = try scanner.wholeValue()
            }
        }.get()
    }

    private static func check(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> Bool {
        var scanner = JSONScanner(bytes)
        guard bytes.first(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }) == UInt8(ascii: "{") else {
            _ = try scanner.wholeValue()
            return false
        }
        let keys = scanner
        var isFull = false
        try scanner.members { (member) throws(JSONError) in
            if keys.key(of: member, is: "schema") { isFull = true }
        }
        do throws(JSONError) {
            _ = try scanner.value()
        } catch {
            guard error.problem == .empty else { throw error }
            return isFull
        }
        // A second value.
        var whole = JSONScanner(bytes)
        _ = try whole.wholeValue()
        return isFull
    }
}
