import Glibc

/// A growing byte buffer with memory of its own, the output end of everything that writes JSON on the hot path.
///
/// Writing without a check is possible only through `cursor`, after an explicit `reserve`.
package struct ByteWriter: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int

    /// The number of bytes written.
    package private(set) var count = 0

    /// Makes an empty writer that has room for `capacity` bytes.
    package init(capacity: Int = 256) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// Makes room for `size` more bytes behind the cursor.
    @inline(__always)
    package mutating func reserve(_ size: Int) {
        if size > capacity &- count { grow(size) }
    }

    @inline(never)
    private mutating func grow(_ size: Int) {
        // Doubling keeps appends cheap; a size that no address space holds ends in the allocator's own out-of-memory stop.
        let wanted = max(count.addingReportingOverflow(size).partialValue, capacity &* 2)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        memcpy(larger, base, count)
        base.deallocate()
        base = larger
        capacity = wanted
    }

    /// Where the next byte goes; only as many bytes as were reserved may be written there.
    @inline(__always)
    package var cursor: UnsafeMutablePointer<UInt8> { base + count }

    /// Takes what was written at the cursor into the text; `end` lies between the cursor and the end of the reserved room.
    @inline(__always)
    package mutating func advance(to end: UnsafeMutablePointer<UInt8>) {
        count = end - base
    }

    /// Appends one byte.
    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count &+= 1
    }

    /// Appends bytes as they are.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        memcpy(cursor, source, bytes.count)
        count &+= bytes.count
    }

    /// Appends a literal as it is.
    package mutating func append(_ literal: StaticString) {
        guard literal.hasPointerRepresentation else { return append(String(describing: literal)) }
        append(UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Appends the UTF-8 bytes of a string as they are.
    @_disfavoredOverload
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends an array of bytes as they are.
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Lends the bytes written so far.
    package borrowing func withBytes<Value: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// A copy of the bytes written so far.
    package borrowing func array() -> [UInt8] {
        [UInt8](UnsafeBufferPointer(start: base, count: count))
    }

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() { count = 0 }

    /// Hands the written bytes over for good.
    package consuming func intoChunk() -> ByteChunk {
        let chunk = ByteChunk(owning: base, count: count)
        discard self
        return chunk
    }

    /// Hands the written bytes over and starts anew with room for `capacity` bytes.
    package mutating func takeChunk(nextCapacity: Int) -> ByteChunk {
        let chunk = ByteChunk(owning: base, count: count)
        capacity = max(nextCapacity, 64)
        base = .allocate(capacity: capacity)
        count = 0
        return chunk
    }
}

/// Bytes with exactly one owner, who may read them anywhere and frees them by dropping the chunk.
package struct ByteChunk: ~Copyable, @unchecked Sendable {
    // Sendable: the memory is unshared and never written again.
    private let base: UnsafeMutablePointer<UInt8>

    /// The number of bytes.
    package let count: Int

    fileprivate init(owning base: UnsafeMutablePointer<UInt8>, count: Int) {
        self.base = base
        self.count = count
    }

    deinit { base.deallocate() }

    /// Gives the memory away: whoever gets it deallocates it.
    package consuming func release() -> UnsafeMutableRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer(start: base, count: count)
        discard self
        return memory
    }

    /// Lends the bytes.
    package borrowing func withBytes<Value: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }
}
