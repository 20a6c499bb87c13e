/// Walks over the fields of a protobuf message in contiguous bytes, without copying.
struct WireScanner {
    /// One field: its number, its wire type, and the value as number or bytes.
    struct Field {
        var number: UInt64
        var wireType: UInt8
        var value: UInt64
        var bytes: UnsafeRawBufferPointer

        /// Whether the value is length-delimited: strings, bytes and messages.
        var isBytes: Bool { wireType == 2 }
    }

    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next field, nil at the end.
    mutating func next() throws(FrameError) -> Field? {
        guard index < bytes.count else { return nil }
        let tag = try varint()
        var field = Field(
            number: tag &>> 3, wireType: UInt8(truncatingIfNeeded: tag & 7), value: 0,
            bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        guard field.number > 0, field.number < 1 << 29 else {
            throw FrameError("protobuf field number \(field.number) does not exist")
        }
        switch field.wireType {
        case 0: field.value = try varint()
        case 1: _ = try take(8)
        case 2: field.bytes = try take(varint())
        case 5: _ = try take(4)
        default: throw FrameError("protobuf wire type \(field.wireType) of field \(field.number) is not accepted")
        }
        return field
    }

    private mutating func take(_ size: UInt64) throws(FrameError) -> UnsafeRawBufferPointer {
        guard size <= UInt64(bytes.count &- index) else {
            throw FrameError("protobuf field at byte \(index) is cut off: \(size) bytes announced")
        }
        let start = index
        index &+= Int(size)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
    }

    private mutating func varint() throws(FrameError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while index < bytes.count && shift < 70 {
            let byte = bytes[index]
            index &+= 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
        throw FrameError("protobuf varint before byte \(index) has no end")
    }
}
