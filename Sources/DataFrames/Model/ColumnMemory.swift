import DataPlaneAPI

/// The values of a field in Arrow's layout: what an Arrow file holds, and what the JSON writer reads in place.
final class ColumnMemory: Sendable {
    let kind: ColumnKind
    let isNullable: Bool
    let rows: Int
    let nullCount: Int
    /// One bit per row, empty when there are no nulls.
    let validity: StableBytes
    /// Fixed-width values, bits or offsets.
    let values: StableBytes
    /// The bytes of strings.
    let data: StableBytes

    init<Value: BitwiseCopyable>(_ kind: ColumnKind, fixed values: [Value]) {
        self.kind = kind
        isNullable = false
        rows = values.count
        nullCount = 0
        validity = StableBytes([UInt8]())
        self.values = StableBytes(values)
        data = StableBytes([UInt8]())
    }

    init<Value: BitwiseCopyable>(_ kind: ColumnKind, fixed values: [Value?], zero: Value) {
        self.kind = kind
        isNullable = true
        rows = values.count
        (validity, nullCount) = Self.bitmap(values.map { $0 == nil })
        self.values = StableBytes(values.map { $0 ?? zero })
        data = StableBytes([UInt8]())
    }

    init(_ kind: ColumnKind, text: [String?], isNullable: Bool) {
        self.kind = kind
        self.isNullable = isNullable
        rows = text.count
        (validity, nullCount) = isNullable ? Self.bitmap(text.map { $0 == nil }) : (StableBytes([UInt8]()), 0)
        var offsets: [Int32] = [0]
        offsets.reserveCapacity(text.count + 1)
        var data: [UInt8] = []
        for cell in text {
            data.append(contentsOf: (cell ?? "").utf8)
            // More than 2 GiB of text wrap here; `Frame` refuses such a column.
            offsets.append(Int32(truncatingIfNeeded: data.count))
        }
        self.data = StableBytes(data)
        values = StableBytes(offsets)
    }

    init(bits: [Bool?], isNullable: Bool) {
        kind = .boolean
        self.isNullable = isNullable
        rows = bits.count
        (validity, nullCount) = isNullable ? Self.bitmap(bits.map { $0 == nil }) : (StableBytes([UInt8]()), 0)
        values = StableBytes(Self.packed(bits.map { $0 ?? false }))
        data = StableBytes([UInt8]())
    }

    private static func bitmap(_ isNull: [Bool]) -> (StableBytes, Int) {
        let nulls = isNull.reduce(0) { $0 + ($1 ? 1 : 0) }
        return (StableBytes(nulls == 0 ? [] : packed(isNull.map { !$0 })), nulls)
    }

    private static func packed(_ bits: [Bool]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
        for (index, bit) in bits.enumerated() where bit { bytes[index / 8] |= 1 << UInt8(index % 8) }
        return bytes
    }

    /// The column as a slice, good for as long as this object lives.
    var slice: ColumnSlice {
        var slice = ColumnSlice()
        slice.rows = rows
        slice.validity = validity.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        slice.values = values.bytes.baseAddress
        slice.data = data.bytes
        return slice
    }
}

/// A copy of bytes that stays where it is.
final class StableBytes: @unchecked Sendable {
    // Sendable: never written after it is made.
    let bytes: UnsafeRawBufferPointer

    init(_ values: [some BitwiseCopyable]) {
        bytes = values.withUnsafeBytes { source in
            guard !source.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 8)
            copy.copyMemory(from: source)
            return UnsafeRawBufferPointer(copy)
        }
    }

    deinit { bytes.deallocate() }
}
