import NIOCore

/// Sizes the buffers that a connection receives into.
///
/// NIO keeps one buffer per connection, which never shrinks. So that one stays small; where a peer sends much, each read
/// gets a large one of its own, which is gone as soon as nobody needs what is in it.
package struct ReceiveBuffers: RecvByteBufferAllocator {
    /// What a connection keeps: enough for the head of an ordinary request.
    static let kept = 2 * 1024
    /// The largest.
    static let largest = 256 * 1024

    private(set) var size = ReceiveBuffers.kept
    private var wasSmall = false

    /// Buffers of a new connection.
    package init() {}

    /// The next buffer.
    package func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: size) }

    /// Notes how much was read; gives whether the next buffer is a new one.
    package mutating func record(actualReadBytes: Int) -> Bool {
        if actualReadBytes >= size {
            size = min(size * 4, Self.largest)
            wasSmall = false
        } else if actualReadBytes <= size / 4, size > Self.kept {
            // Twice: the last read of something large is often small.
            if wasSmall { size = max(size / 4, Self.kept) }
            wasSmall.toggle()
        } else {
            wasSmall = false
        }
        return size > Self.kept
    }

    /// The size of the next buffer, where it may be a pooled one.
    package func nextBufferSize() -> Int? { size > Self.kept ? nil : size }
}

extension ByteBuffer {
    /// The bytes without a much larger buffer that they came in: for whoever keeps them.
    package func withoutSlack() -> ByteBuffer {
        guard storageCapacity > 2 * readableBytes + 1024 else { return self }
        return ByteBuffer(bytes: readableBytesView)
    }
}
