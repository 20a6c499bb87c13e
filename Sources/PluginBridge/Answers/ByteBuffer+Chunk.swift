import Bytes
@_spi(CustomByteBufferAllocator) import NIOCore

extension ByteBuffer {
    /// How the memory of chunks is made and given back.
    private static let chunks = ByteBufferAllocator(
        allocate: { UnsafeMutableRawPointer.allocate(byteCount: $0, alignment: 1) },
        reallocate: { old, oldSize, newSize in
            let new = UnsafeMutableRawPointer.allocate(byteCount: newSize, alignment: 1)
            if let old {
                new.copyMemory(from: old, byteCount: Swift.min(oldSize, newSize))
                old.deallocate()
            }
            return new
        },
        deallocate: { $0.deallocate() },
        copy: { $0.copyMemory(from: $1, byteCount: $2) })

    /// Takes over the memory of a chunk: what was written there leaves without a copy.
    init(taking chunk: consuming ByteChunk) {
        let memory = chunk.release()
        guard memory.baseAddress != nil else {
            self.init()
            return
        }
        self.init(takingOwnershipOf: memory, allocator: Self.chunks)
    }
}
