import Bytes

/// A place in a message, moving to its end over the slices without joining them; a copy of it is a bookmark.
///
/// A message must not be read with `GRPCMessage.withBytes` while a cursor is used: that joins the slices.
package struct MessageCursor: Sendable {
    private let message: GRPCMessage
    private var slice = 0
    private var offset = 0
    /// Bytes from here to the end.
    package private(set) var remaining: Int

    /// The start of a message.
    package init(_ message: GRPCMessage) {
        self.message = message
        remaining = message.count
    }

    /// Calls `body` with the next bytes that lie together, `limit` at most, and moves behind them.
    ///
    /// - Returns: how many there were, 0 at the end.
    package mutating func next(_ limit: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> Int {
        while remaining > 0, limit > 0 {
            let offset = offset
            let (taken, isEmpty) = message.withSlice(slice) { bytes in
                let count = min(limit, bytes.count - offset)
                if count > 0 { body(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])) }
                return (max(0, count), count >= bytes.count - offset)
            }
            remaining -= min(taken, remaining)
            self.offset += taken
            if isEmpty {
                slice += 1
                self.offset = 0
                // A message that is shorter than it said can't be: this only keeps the loop from turning for ever.
                if slice >= message.sliceCount, taken == 0 { remaining = 0 }
            }
            if taken > 0 { return taken }
        }
        return 0
    }

    /// Moves on by so many bytes, to the end at most.
    package mutating func skip(_ count: Int) {
        var rest = count
        while rest > 0 {
            let moved = next(rest) { _ in }
            if moved == 0 { return }
            rest -= moved
        }
    }

    /// A copy of the next bytes, fewer at the end.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(min(count, remaining))
        while copy.count < count, next(count - copy.count, { copy.append(contentsOf: $0) }) > 0 {}
        return copy
    }

    /// The next protobuf field with its value as a number or, for strings and messages, as the number of bytes that
    /// follow; nil at the end.
    ///
    /// Strings and messages must be read or skipped before the next call.
    package mutating func field() throws(WireError) -> Field? {
        guard remaining > 0 else { return nil }
        let key = try varint()
        guard let number = UInt32(exactly: key >> 3), number > 0, number < 1 << 29 else {
            throw WireError("bad field number \(remaining) bytes before the end")
        }
        switch key & 7 {
        case 0: return Field(number: number, value: .varint(try varint()))
        case 1, 5:
            let size = key & 7 == 1 ? 8 : 4
            guard size <= remaining else { throw WireError("message ends inside a number") }
            skip(size)
            return Field(number: number, value: .fixed)
        case 2:
            let length = try varint()
            guard let size = Int(exactly: length), size <= remaining else {
                throw WireError("field \(number) ends beyond its message")
            }
            return Field(number: number, value: .bytes(size))
        default:
            throw WireError("unknown wire type \(key & 7)")
        }
    }

    /// A field as a cursor finds it.
    package struct Field: Equatable {
        /// The field's number.
        package let number: UInt32
        /// What it holds.
        package let value: Value
    }

    /// The value of a field.
    package enum Value: Equatable {
        /// An int, bool or enum.
        case varint(UInt64)
        /// A string, bytes or message of so many bytes, which follow.
        case bytes(Int)
        /// A fixed32 or fixed64, which no message here uses.
        case fixed
    }

    private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            var byte: UInt8 = 0
            guard next(1, { byte = $0[0] }) == 1 else { throw WireError("message ends inside a number") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw WireError("number too long")
    }
}
