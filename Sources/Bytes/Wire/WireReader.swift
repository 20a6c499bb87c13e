/// Bytes that are not the protobuf message they should be.
package struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, with the byte offset.
    package let description: String

    /// An error with that text.
    package init(_ description: String) {
        self.description = description
    }
}

/// Reads protobuf fields in place.
///
/// Positions are offsets into the whole buffer, so they outlive the reader.
package struct WireReader {
    /// The value of one field.
    package enum Value: Equatable {
        /// An int, bool or enum.
        case varint(UInt64)
        /// A string, bytes or message: where it lies.
        case range(Range<Int>)
        /// A fixed32 or fixed64, which no message here uses.
        case fixed
    }

    private let bytes: UnsafeRawBufferPointer
    private let end: Int
    private var position: Int

    /// A reader of the whole buffer, or of the part that one field's range names.
    package init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>? = nil) {
        self.bytes = bytes
        let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, nil at the end.
    package mutating func next() throws(WireError) -> (field: UInt32, value: Value)? {
        guard position < end else { return nil }
        let key = try varint()
        guard let field = UInt32(exactly: key >> 3), field > 0, field < 1 << 29 else {
            throw WireError("bad field number before byte \(position)")
        }
        switch key & 7 {
        case 0: return (field, .varint(try varint()))
        case 1: return (field, try skip(8))
        case 5: return (field, try skip(4))
        case 2:
            let length = try varint()
            guard let size = Int(exactly: length), size <= end - position else {
                throw WireError("field \(field) ends beyond its message at byte \(position)")
            }
            defer { position += size }
            return (field, .range(position..<position + size))
        default:
            throw WireError("unknown wire type \(key & 7) before byte \(position)")
        }
    }

    private mutating func skip(_ size: Int) throws(WireError) -> Value {
        guard size <= end - position else { throw WireError("message ends inside a number at byte \(position)") }
        position += size
        return .fixed
    }

    private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw WireError(
            shift < 64 ? "message ends inside a number at byte \(position)" : "number too long at byte \(position)")
    }
}

extension WireReader.Value {
    /// The range of a string, bytes or message field.
    package var range: Range<Int>? {
        if case .range(let range) = self { return range }
        return nil
    }

    /// The value of an int32 or enum field, which the wire carries as 64 bits.
    package var int32: Int32? {
        if case .varint(let value) = self { return Int32(truncatingIfNeeded: value) }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a range that a reader of this buffer gave, empty when it lies outside.
    package func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range.clamped(to: 0..<count)])
    }

    /// The text of a range, with ill-formed UTF-8 replaced.
    package func text(_ range: Range<Int>) -> String {
        String(decoding: slice(range), as: UTF8.self)
    }
}

/// The strings, bytes and messages among a message's fields, copied, for messages that are small and rare; of several
/// with one number the last.
package struct WireFields: Sendable {
    private let fields: [UInt32: [UInt8]]

    /// Reads a message; nil for one that is broken.
    package init?(_ message: some Collection<UInt8>) {
        var found: [UInt32: [UInt8]] = [:]
        let isWhole = Array(message).withUnsafeBytes { bytes in
            var reader = WireReader(bytes)
            do throws(WireError) {
                while let (field, value) = try reader.next() {
                    if let range = value.range { found[field] = Array(bytes.slice(range)) }
                }
                return true
            } catch {
                return false
            }
        }
        guard isWhole else { return nil }
        fields = found
    }

    /// The message in a field; nil when it isn't there or broken.
    package func message(_ number: UInt32) -> WireFields? { fields[number].flatMap { WireFields($0) } }
    /// The text of a field; empty when it isn't there.
    package func text(_ number: UInt32) -> String { String(decoding: fields[number] ?? [], as: UTF8.self) }
}
