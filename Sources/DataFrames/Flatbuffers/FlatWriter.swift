/// Writes a flatbuffer front to back: parents first, their offsets filled in when the children follow.
struct FlatWriter {
    /// The value of a slot.
    enum Value {
        case uint8(UInt8)
        case int16(Int16)
        case int32(Int32)
        case int64(Int64)
        /// Filled in by `point`.
        case offset

        fileprivate var size: Int {
            switch self {
            case .uint8: 1
            case .int16: 2
            case .int32, .offset: 4
            case .int64: 8
            }
        }
    }

    /// The bytes so far.
    private(set) var bytes: [UInt8] = []

    /// Starts a buffer; the root table must be written next.
    init() {
        put(UInt32(0))
    }

    /// The places of a table's offset slots, in the order they were given.
    typealias Holes = [Int]

    /// Writes a table with its slots, given in any order, and returns its start and the places of its offsets.
    mutating func table(_ slots: [(Int, Value)]) -> (start: Int, holes: Holes) {
        let count = (slots.map(\.0).max() ?? -1) + 1
        var offsets = [UInt16](repeating: 0, count: count)
        var size = 4
        for (slot, value) in slots {
            size = Self.aligned(size, value.size)
            offsets[slot] = UInt16(truncatingIfNeeded: size)
            size += value.size
        }
        align(2)
        // The table itself stands at a multiple of eight, directly behind its vtable.
        while (bytes.count + 4 + 2 * count) % 8 != 0 { bytes.append(0) }
        let vtable = bytes.count
        put(UInt16(truncatingIfNeeded: 4 + 2 * count))
        put(UInt16(truncatingIfNeeded: size))
        for offset in offsets { put(offset) }
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: size))
        set(start, UInt32(truncatingIfNeeded: start - vtable))
        var holes: Holes = []
        for (slot, value) in slots {
            let place = start + Int(offsets[slot])
            switch value {
            case .uint8(let number): bytes[place] = number
            case .int16(let number): set(place, number)
            case .int32(let number): set(place, number)
            case .int64(let number): set(place, number)
            case .offset: holes.append(place)
            }
        }
        if vtable < 12 && start < 64 && readRoot() == 0 { set(0, UInt32(truncatingIfNeeded: start)) }
        return (start, holes)
    }

    /// Makes the offset at `hole` point at `place`, which lies behind it.
    mutating func point(_ hole: Int, to place: Int) {
        set(hole, UInt32(truncatingIfNeeded: place - hole))
    }

    /// Writes a string and points `hole` at it.
    mutating func string(_ text: [UInt8], for hole: Int) {
        align(4)
        point(hole, to: bytes.count)
        put(UInt32(truncatingIfNeeded: text.count))
        bytes.append(contentsOf: text)
        bytes.append(0)
    }

    /// Starts a vector of `count` offsets, points `hole` at it, and returns the places of its elements.
    mutating func offsets(_ count: Int, for hole: Int) -> Holes {
        align(4)
        point(hole, to: bytes.count)
        put(UInt32(truncatingIfNeeded: count))
        let first = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: 4 * count))
        return (0..<count).map { first + 4 * $0 }
    }

    /// Starts a vector of structs whose words are all 64 bits wide, and points `hole` at it.
    mutating func structs(_ count: Int, _ words: [Int64], for hole: Int) {
        align(4)
        if bytes.count % 8 == 0 { put(UInt32(0)) }
        point(hole, to: bytes.count)
        put(UInt32(truncatingIfNeeded: count))
        for word in words { put(word) }
    }

    /// Fills up to a multiple of `size`.
    mutating func align(_ size: Int) {
        while bytes.count % size != 0 { bytes.append(0) }
    }

    private static func aligned(_ place: Int, _ size: Int) -> Int {
        (place + size - 1) / size * size
    }

    private func readRoot() -> UInt32 {
        bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    }

    private mutating func put(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func set(_ place: Int, _ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { source in
            for (offset, byte) in source.enumerated() { bytes[place + offset] = byte }
        }
    }
}
