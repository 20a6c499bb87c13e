import NIOCore
import Testing

@testable import HTTPKit

/// What a connection keeps of what it received.
struct ReceiveBuffersTests {
    /// As NIO does for a channel: reads so much, and gives the capacity of the buffer it was read into.
    private func read(_ bytes: Int, _ pool: inout NIOPooledRecvBufferAllocator) -> Int {
        let (buffer, _) = pool.buffer(allocator: ByteBufferAllocator()) { buffer in
            buffer.writeRepeatingByte(0, count: min(bytes, buffer.writableBytes))
        }
        pool.record(actualReadBytes: buffer.readableBytes)
        return buffer.storageCapacity
    }

    @Test func aConnectionThatReceivedMuchKeepsASmallBuffer() {
        var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: ReceiveBuffers())
        var largest = 0
        for _ in 0..<10 { largest = max(largest, read(1 << 20, &pool)) }
        #expect(largest == ReceiveBuffers.largest)
        // Small reads again: the one buffer that stays is what it was at first.
        for _ in 0..<20 { _ = read(100, &pool) }
        #expect(read(100, &pool) <= ReceiveBuffers.kept)
        #expect(pool.count == 1)
    }

    @Test func onlyWhatFillsItsBufferGetsALargerOne() {
        var sizes = ReceiveBuffers()
        #expect(sizes.record(actualReadBytes: 2047) == false)
        #expect(sizes.record(actualReadBytes: 2048) == true)
        #expect(sizes.size == 8192 && sizes.nextBufferSize() == nil)
        _ = sizes.record(actualReadBytes: 100)
        #expect(sizes.size == 8192)
        _ = sizes.record(actualReadBytes: 100)
        #expect(sizes.size == 2048 && sizes.nextBufferSize() == 2048)
    }

    @Test func whatIsKeptKeepsNoLargeBuffer() {
        var large = ByteBufferAllocator().buffer(capacity: 256 * 1024)
        large.writeString("small")
        #expect(large.withoutSlack().storageCapacity < 1024)
        #expect(String(buffer: large.withoutSlack()) == "small")
        large.writeRepeatingByte(0, count: 200 * 1024)
        #expect(large.withoutSlack().storageCapacity == large.storageCapacity)
    }
}
