import NIOCore

/// A part of a body that many exchanges write: what HTTP/1 puts around it is made once for all of them, and its bytes are
/// never copied.
package struct SharedPart: Sendable {
    /// The part as one chunk.
    let chunk: ByteBuffer
    /// The part itself, in the same memory.
    package let bytes: ByteBuffer

    /// Takes in the parts that follow each other.
    package init(_ parts: some Collection<ByteBuffer>) {
        let size = parts.reduce(0) { $0 + $1.readableBytes }
        var chunk = ByteBuffer()
        chunk.reserveCapacity(size + 20)
        chunk.writeChunkSize(size)
        let start = chunk.writerIndex
        for part in parts { chunk.writeImmutableBuffer(part) }
        bytes = chunk.getSlice(at: start, length: size) ?? ByteBuffer()
        chunk.writeStaticString("\r\n")
        self.chunk = chunk
    }
}

extension ExchangeTransport {
    /// Adds a part to the answer's body that others write too.
    package func write(_ part: SharedPart) { write(part.bytes) }
}

extension Exchange {
    /// Adds a part to the body that others write too.
    package func write(_ part: SharedPart) {
        guard let transport else { return }
        bytesSent &+= part.bytes.readableBytes
        transport.write(part)
    }
}
