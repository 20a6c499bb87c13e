internal import CGRPC
internal import Synchronization

/// The bytes of a received message.
///
/// Belongs to one owner at a time and is freed with its last reference.
package final class GRPCMessage: @unchecked Sendable {
    // Reading may join the slices in place, so a message is handed on between threads but never shared by them.
    private let handle: OpaquePointer

    init(handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        cgrpc_message_destroy(handle)
    }

    /// The size in bytes.
    package var count: Int { cgrpc_message_length(handle) }

    /// All bytes in one piece.
    ///
    /// One slice is read in place; several are joined once, each released as it is copied.
    package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        var length = 0
        let start = cgrpc_message_contiguous(handle, &length)
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : length))
    }

    /// The bytes slice by slice, without joining them.
    package func forEachSlice<E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        defer { withExtendedLifetime(self) {} }
        for index in 0..<cgrpc_message_slice_count(handle) {
            var length = 0
            let start = cgrpc_message_slice(handle, index, &length)
            try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : length))
        }
    }

    /// How many slices there are.
    var sliceCount: Int { cgrpc_message_slice_count(handle) }

    /// The bytes of one slice, empty when there is none of that index.
    func withSlice<R>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        var length = 0
        let start = cgrpc_message_slice(handle, max(0, index), &length)
        defer { withExtendedLifetime(self) {} }
        return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : length))
    }

    /// A copy of the bytes.
    package var bytes: [UInt8] { withBytes { Array($0) } }
}

/// The bytes of a message to send: one buffer of exact size, written in place and handed to the core without a copy.
package struct GRPCPayload: ~Copyable, @unchecked Sendable {
    // Unique by being noncopyable.
    private let handle: OpaquePointer

    /// A payload of `size` bytes; `write` must fill the buffer.
    package init(size: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        var start: UnsafeMutablePointer<UInt8>?
        // The core ends the process when memory runs out, so there is always a message.
        handle = cgrpc_message_create(max(0, size), &start)
        write(UnsafeMutableRawBufferPointer(start: start, count: start == nil ? 0 : max(0, size)))
    }

    /// A payload with a copy of the bytes.
    package init(_ bytes: [UInt8]) {
        self.init(size: bytes.count) { buffer in
            bytes.withUnsafeBytes { buffer.copyMemory(from: $0) }
        }
    }

    /// The empty message.
    package init() {
        self.init(size: 0) { _ in }
    }

    deinit {
        cgrpc_message_destroy(handle)
    }

    /// The size in bytes.
    package var count: Int { cgrpc_message_length(handle) }

    /// Gives the buffer away.
    consuming func take() -> OpaquePointer {
        let taken = handle
        discard self
        return taken
    }

    /// Turns what was written into a message that can be read.
    package consuming func asMessage() -> GRPCMessage {
        GRPCMessage(handle: take())
    }
}

/// A payload that one thread has written and another one sends.
package final class WrittenPayload: Sendable {
    /// The size in bytes.
    package let count: Int
    private let payload: Mutex<GRPCPayload?>

    /// Keeps a payload.
    package init(_ payload: consuming GRPCPayload) {
        count = payload.count
        self.payload = Mutex(payload)
    }

    /// Gives the payload away; nil when somebody has it already.
    package func take() -> GRPCPayload? { payload.withLock { $0.take() } }
}
