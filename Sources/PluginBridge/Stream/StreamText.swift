import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore

/// How a stream ends.
enum StreamEnding: Sendable, Equatable {
    /// The plugin has no more to send.
    case finished
    /// It can't go on.
    case failed(GatewayError)
    /// The client shall come again: the gateway stops, or the client's time is up.
    case goingAway
}

/// The messages of the gateway within a stream.
///
/// As Server-Sent Events each is an event with the type's name and the rest as its data; packets are plain messages
/// with the plugin's JSON as their data. As lines and over WebSockets each is an object with a `type`:
/// `subscribed` and `data` with `id` and `data`, `dropped` with `count`, `end` with `reason`, `error` with `code`,
/// `reason` and `message`, `heartbeat`; and to a WebSocket's own messages `published` or `refused`.
enum StreamText {
    /// A packet of the plugin.
    static func data(_ json: ByteBuffer, id: String?, _ format: StreamFormat) -> ByteBuffer {
        switch format {
        case .events: event(nil, id: id, json)
        case .lines, .webSocket: object("data", id: id, data: json, format)
        }
    }

    /// The first message: what SubscribeStream gave; `null` when that was nothing.
    static func subscribed(_ json: ByteBuffer?, id: String, _ format: StreamFormat) -> ByteBuffer {
        let json = json ?? ByteBuffer(staticString: "null")
        switch format {
        case .events: return event("subscribed", id: id, json)
        case .lines, .webSocket: return object("subscribed", id: id, data: json, format)
        }
    }

    /// A slow client lost messages.
    static func dropped(_ count: Int, _ format: StreamFormat) -> ByteBuffer {
        notice("dropped", "\"count\":\(count)", format)
    }

    /// A sign of life; nil for WebSockets, which have pings.
    static func heartbeat(_ format: StreamFormat) -> ByteBuffer? {
        switch format {
        case .events: EventStream.heartbeat
        case .lines: ByteBuffer(staticString: "{\"type\":\"heartbeat\"}\n")
        case .webSocket: nil
        }
    }

    /// The last message.
    static func ending(_ ending: StreamEnding, _ format: StreamFormat) -> ByteBuffer {
        switch ending {
        case .finished: notice("end", "\"reason\":\"finished\"", format)
        case .goingAway: notice("end", "\"reason\":\"goingAway\"", format)
        case .failed(let error): notice("error", fields(error), format)
        }
    }

    /// The answer to what a WebSocket client published.
    static func published(_ json: ByteBuffer?) -> ByteBuffer {
        object("published", id: nil, data: json ?? ByteBuffer(staticString: "null"), .webSocket)
    }

    /// The refusal of what a WebSocket client published; the stream goes on.
    static func refused(_ error: GatewayError) -> ByteBuffer { notice("refused", fields(error), .webSocket) }

    private static func fields(_ error: GatewayError) -> String {
        var text: [UInt8] = []
        JSONText.appendQuoted(error.message, to: &text, escapeHTML: false)
        return "\"code\":\(error.httpStatus),\"reason\":\"\(error.code.row.reason)\",\"message\":"
            + String(decoding: text, as: UTF8.self)
    }

    // MARK: Forms

    private static func event(_ type: String?, id: String?, _ data: ByteBuffer) -> ByteBuffer {
        var out = ByteBuffer()
        out.reserveCapacity(data.readableBytes + 96)
        data.withUnsafeReadableBytes { EventStream.write(event: type, id: id, data: $0, into: &out) }
        return out
    }

    private static func object(_ type: StaticString, id: String?, data: ByteBuffer, _ format: StreamFormat)
        -> ByteBuffer
    {
        var head = ByteBuffer()
        head.writeStaticString("{\"type\":\"")
        head.writeStaticString(type)
        head.writeStaticString("\"")
        if let id { head.writeString(",\"id\":\"\(id)\"") }
        head.writeStaticString(",\"data\":")
        return framed(head, data, ByteBuffer(staticString: "}"), format)
    }

    private static func notice(_ type: String, _ fields: String, _ format: StreamFormat) -> ByteBuffer {
        switch format {
        case .events: event(type, id: nil, ByteBuffer(string: "{\(fields)}"))
        case .lines, .webSocket:
            framed(ByteBuffer(string: "{\"type\":\"\(type)\",\(fields)}"), ByteBuffer(), ByteBuffer(), format)
        }
    }

    /// The parts as a line or as one frame.
    private static func framed(
        _ head: ByteBuffer, _ data: ByteBuffer, _ tail: ByteBuffer, _ format: StreamFormat
    ) -> ByteBuffer {
        let length = head.readableBytes + data.readableBytes + tail.readableBytes
        var out = ByteBuffer()
        out.reserveCapacity(length + 10)
        if format == .webSocket { WebSocketWriter.writeTextHeader(length: length, into: &out) }
        out.writeImmutableBuffer(head)
        out.writeImmutableBuffer(data)
        out.writeImmutableBuffer(tail)
        if format == .lines { out.writeStaticString("\n") }
        return out
    }
}
