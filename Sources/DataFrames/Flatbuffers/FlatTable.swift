/// A flatbuffer, every access checked against its bytes: they come from somebody else's code.
struct FlatBuffer {
    let bytes: UnsafeRawBufferPointer

    /// The root table of the buffer.
    func root() throws(FrameError) -> FlatTable {
        try table(at: Int(read(0, as: UInt32.self)))
    }

    /// Reads a little endian number, unaligned.
    @inline(__always)
    func read<Number: FixedWidthInteger & BitwiseCopyable>(
        _ place: Int, as type: Number.Type
    ) throws(FrameError) -> Number {
        guard place >= 0, place <= bytes.count &- MemoryLayout<Number>.size else {
            throw FrameError("flatbuffer offset \(place) lies outside its \(bytes.count) bytes")
        }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self))
    }

    /// The table at a position, its vtable checked to lie inside the buffer.
    func table(at position: Int) throws(FrameError) -> FlatTable {
        let distance = Int(try read(position, as: Int32.self))
        let vtable = position &- distance
        let size = Int(try read(vtable, as: UInt16.self))
        guard size >= 4, vtable <= bytes.count &- size else {
            throw FrameError("flatbuffer vtable at \(vtable) is damaged")
        }
        return FlatTable(buffer: self, position: position, vtable: vtable, vtableSize: size)
    }

    /// The place that the offset stored at `place` points to.
    func follow(_ place: Int) throws(FrameError) -> Int {
        place &+ Int(try read(place, as: UInt32.self))
    }

    /// The elements of the vector at a place, each `stride` bytes.
    func vector(at place: Int, stride: Int) throws(FrameError) -> FlatVector {
        let count = Int(try read(place, as: UInt32.self))
        guard count <= (bytes.count &- place &- 4) / stride else {
            throw FrameError("flatbuffer vector at \(place) has \(count) elements, more than its bytes hold")
        }
        return FlatVector(buffer: self, start: place &+ 4, count: count, stride: stride)
    }
}

/// A table of a flatbuffer: its fields are slots that may be absent.
struct FlatTable {
    let buffer: FlatBuffer
    let position: Int
    let vtable: Int
    let vtableSize: Int

    /// The place of a slot's value, nil when it is absent.
    func place(_ slot: Int) throws(FrameError) -> Int? {
        let entry = 4 &+ 2 &* slot
        guard entry <= vtableSize &- 2 else { return nil }
        let offset = Int(try buffer.read(vtable &+ entry, as: UInt16.self))
        return offset == 0 ? nil : position &+ offset
    }

    /// A number slot.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ slot: Int, default fallback: Number
    ) throws(FrameError) -> Number {
        guard let place = try place(slot) else { return fallback }
        return try buffer.read(place, as: Number.self)
    }

    /// A table slot.
    func table(_ slot: Int) throws(FrameError) -> FlatTable? {
        guard let place = try place(slot) else { return nil }
        return try buffer.table(at: buffer.follow(place))
    }

    /// A vector slot; an absent vector is empty.
    func vector(_ slot: Int, stride: Int) throws(FrameError) -> FlatVector {
        guard let place = try place(slot) else {
            return FlatVector(buffer: buffer, start: 0, count: 0, stride: stride)
        }
        return try buffer.vector(at: buffer.follow(place), stride: stride)
    }

    /// A string slot as bytes.
    func string(_ slot: Int) throws(FrameError) -> UnsafeRawBufferPointer? {
        guard let place = try place(slot) else { return nil }
        let text = try buffer.vector(at: buffer.follow(place), stride: 1)
        return UnsafeRawBufferPointer(rebasing: buffer.bytes[text.start..<(text.start &+ text.count)])
    }
}

/// A vector of a flatbuffer, checked to lie inside it as a whole.
struct FlatVector {
    let buffer: FlatBuffer
    let start: Int
    let count: Int
    let stride: Int

    /// The table that element `index` (below `count`) points to.
    func table(_ index: Int) throws(FrameError) -> FlatTable {
        try buffer.table(at: buffer.follow(start &+ index &* stride))
    }

    /// A number inside element `index` (below `count`).
    func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ index: Int, at offset: Int, as type: Number.Type
    ) throws(FrameError) -> Number {
        try buffer.read(start &+ index &* stride &+ offset, as: type)
    }
}
