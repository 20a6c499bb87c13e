import NIOCore

/// Writes Server-Sent Events (the WHATWG HTML standard, section 9.2).
package enum EventStream {
    /// A comment that keeps the connection from looking idle.
    package static let heartbeat = ByteBuffer(staticString: ": ping\n\n")

    /// Writes one event.
    ///
    /// - Parameters:
    ///   - event: the type; nil for `message`, which needs no line.
    ///   - id: what the client sends as `Last-Event-ID` when it comes again; nil leaves the one before in place.
    ///   - data: any text; each of its lines becomes a line of its own, whether it ends in CR, LF or both.
    package static func write(
        event: String? = nil, id: String? = nil, data: UnsafeRawBufferPointer, into out: inout ByteBuffer
    ) {
        if let id { field("id: ", id, into: &out) }
        if let event { field("event: ", event, into: &out) }
        var start = 0
        var index = 0
        while index < data.count {
            let byte = data[index]
            guard byte == 0x0A || byte == 0x0D else {
                index += 1
                continue
            }
            line(data[start..<index], into: &out)
            if byte == 0x0D, index + 1 < data.count, data[index + 1] == 0x0A { index += 1 }
            index += 1
            start = index
        }
        line(data[start...], into: &out)
        out.writeStaticString("\n")
    }

    /// Writes how long the client waits before it comes again, milliseconds.
    package static func writeRetry(_ milliseconds: Int, into out: inout ByteBuffer) {
        out.writeStaticString("retry: ")
        out.writeDecimal(milliseconds)
        out.writeStaticString("\n\n")
    }

    private static func line(_ bytes: Slice<UnsafeRawBufferPointer>, into out: inout ByteBuffer) {
        out.writeStaticString("data: ")
        out.writeBytes(bytes)
        out.writeStaticString("\n")
    }

    /// A field of one line: line ends would begin another field, and an id with NUL is ignored by clients.
    private static func field(_ name: StaticString, _ value: String, into out: inout ByteBuffer) {
        out.writeStaticString(name)
        out.writeBytes(value.utf8.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 })
        out.writeStaticString("\n")
    }
}
