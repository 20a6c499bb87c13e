import Bytes
import RPC

/// One message of a CallResource stream; code and headers count in the first one only.
///
/// The body stays in place.
package struct CallResourceFields: Sendable, Equatable {
    /// The HTTP status, 0 when the plugin didn't say.
    package var code: Int32 = 0
    /// The headers.
    package var headers: [PluginHeader] = []
    /// Where the piece of body lies in the message.
    package var body = 0..<0

    /// Reads one message.
    package init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .varint): code = value.int32 ?? 0
            case (2, .range(let range)): headers.append(try PluginHeader(bytes.slice(range)))
            case (3, .range(let range)): body = range
            default: break
            }
        }
    }

    /// Writes one message, for plugins.
    package static func payload(code: Int32, headers: [PluginHeader], body: [UInt8]) -> GRPCPayload {
        WireWriter.payload { writer in
            writer.int(1, Int64(code))
            writer.map(2, headers)
            writer.bytes(3, body)
        }
    }
}

/// One StreamPacket, and every other message whose only field is bytes in field 1.
package enum StreamPacketFields {
    /// Where the data lies in the message.
    package static func data(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Range<Int> {
        var found = 0..<0
        var reader = WireReader(bytes)
        while let (field, value) = try reader.next() {
            if field == 1, let range = value.range { found = range }
        }
        return found
    }
}
