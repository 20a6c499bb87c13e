import Bytes
import RPC

/// One message of a CallResource stream as a host reads it: over the slices it came in, so that a big body is copied
/// only once, on its way out.
package struct CallResourcePiece: Sendable {
    /// The HTTP status, 0 when the plugin didn't say; counts in the first message only.
    package private(set) var code: Int32 = 0
    /// The headers; count in the first message only.
    package private(set) var headers: [PluginHeader] = []
    /// The start of the body.
    package private(set) var body: MessageCursor
    /// The size of the body in bytes.
    package private(set) var bodySize = 0

    /// Reads a message; headers of more than `headLimit` bytes together are an error.
    package init(_ message: GRPCMessage, headLimit: Int) throws(WireError) {
        var cursor = MessageCursor(message)
        body = cursor
        var headSize = 0
        while let field = try cursor.field() {
            switch (field.number, field.value) {
            case (1, .varint(let value)):
                code = Int32(truncatingIfNeeded: value)
            case (2, .bytes(let size)):
                headSize += size
                guard headSize <= headLimit else {
                    throw WireError("its headers are more than \(headLimit) bytes")
                }
                let entry = cursor.bytes(size)
                headers.append(
                    try entry.withUnsafeBufferPointer { (bytes) throws(WireError) in
                        try PluginHeader(UnsafeRawBufferPointer(bytes))
                    })
            case (3, .bytes(let size)):
                body = cursor
                bodySize = size
                cursor.skip(size)
            case (_, .bytes(let size)):
                cursor.skip(size)
            default:
                break
            }
        }
    }
}

extension PluginHeader {
    /// Reads an entry of a map of strings to lists.
    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init(name: "", values: [])
        var reader = WireReader(bytes)
        while let (field, value) = try reader.next() {
            guard let range = value.range else { continue }
            if field == 1 { name = bytes.text(range) }
            guard field == 2 else { continue }
            var list = WireReader(bytes, in: range)
            while let (field, value) = try list.next() {
                if field == 1, let range = value.range { values.append(Array(bytes.slice(range))) }
            }
        }
    }
}
