/// Takes the buffers of a record batch apart, one column after the other.
struct BatchReader {
    private let body: UnsafeRawBufferPointer
    private let nodes: FlatVector
    private let buffers: FlatVector
    private let viewCounts: FlatVector
    private var nextNode = 0
    private var nextBuffer = 0
    private var nextView = 0

    /// The number of rows of the batch.
    let rows: Int

    init(_ batch: ArrowFile.Batch) throws(FrameError) {
        let table = batch.table
        if let compression = try table.table(3) {
            let codec = try compression.number(0, default: Int8(0)) == 0 ? "LZ4" : "ZSTD"
            throw FrameError("\(codec) compressed bodies are not accepted; write the file without compression")
        }
        guard let rows = Int(exactly: try table.number(0, default: Int64(0))), rows >= 0 else {
            throw FrameError("the number of rows is negative")
        }
        self.rows = rows
        body = batch.body
        nodes = try table.vector(1, stride: 16)
        buffers = try table.vector(2, stride: 16)
        viewCounts = try table.vector(4, stride: 8)
    }

    /// The slice of the next column.
    mutating func next(_ kind: ColumnKind) throws(FrameError) -> ColumnSlice {
        guard nextNode < nodes.count else { throw FrameError("the batch has no node for it") }
        let length = try nodes.number(nextNode, at: 0, as: Int64.self)
        let nulls = try nodes.number(nextNode, at: 8, as: Int64.self)
        nextNode &+= 1
        guard length == Int64(rows) else { throw FrameError("it has \(length) rows, the batch has \(rows)") }
        let bitmapBytes = (rows &>> 3) &+ (rows & 7 == 0 ? 0 : 1)

        var slice = ColumnSlice()
        slice.rows = rows
        let validity = try buffer()
        if nulls != 0 && rows > 0 {
            if validity.isEmpty && nulls > 0 { throw FrameError("it has nulls but no validity bitmap") }
            if !validity.isEmpty {
                try require(validity, bitmapBytes, "validity bitmap")
                slice.validity = validity.baseAddress?.assumingMemoryBound(to: UInt8.self)
            }
        }
        let values = try buffer()
        switch kind {
        case .boolean: try require(values, bitmapBytes, "values")
        case .utf8, .json: try require(values, rows == 0 ? 0 : try bytes(rows, 4, extra: 1), "offsets")
        case .largeUtf8, .largeJSON: try require(values, rows == 0 ? 0 : try bytes(rows, 8, extra: 1), "offsets")
        default: try require(values, try bytes(rows, kind.width, extra: 0), "values")
        }
        slice.values = values.baseAddress
        if rows > 0 && values.baseAddress == nil { throw FrameError("its values are missing") }
        switch kind {
        case .utf8, .json:
            slice.data = try buffer()
            try TextChecks.offsets(slice, Int32.self)
        case .largeUtf8, .largeJSON:
            slice.data = try buffer()
            try TextChecks.offsets(slice, Int64.self)
        case .utf8View, .jsonView:
            guard nextView < viewCounts.count else {
                throw FrameError("the batch does not say how many buffers it has")
            }
            let count = try viewCounts.number(nextView, at: 0, as: Int64.self)
            nextView &+= 1
            guard count >= 0, count <= Int64(buffers.count &- nextBuffer) else {
                throw FrameError("it has \(count) data buffers, more than the batch")
            }
            for _ in 0..<count { slice.viewData.append(try buffer()) }
            try TextChecks.views(slice)
        default: break
        }
        return slice
    }

    private func bytes(_ rows: Int, _ width: Int, extra: Int) throws(FrameError) -> Int {
        let (size, overflows) = rows.addingReportingOverflow(extra).partialValue.multipliedReportingOverflow(by: width)
        guard !overflows, size >= 0 else { throw FrameError("\(rows) rows are more than memory holds") }
        return size
    }

    private func require(_ buffer: UnsafeRawBufferPointer, _ size: Int, _ what: String) throws(FrameError) {
        guard buffer.count >= size else {
            throw FrameError("the \(what) buffer has \(buffer.count) bytes, \(rows) rows need \(size)")
        }
    }

    private mutating func buffer() throws(FrameError) -> UnsafeRawBufferPointer {
        guard nextBuffer < buffers.count else { throw FrameError("the batch has too few buffers") }
        let offset = try buffers.number(nextBuffer, at: 0, as: Int64.self)
        let length = try buffers.number(nextBuffer, at: 8, as: Int64.self)
        nextBuffer &+= 1
        let size = Int64(body.count)
        guard offset >= 0, length >= 0, offset <= size, length <= size &- offset else {
            throw FrameError("the buffer (\(offset), \(length)) lies outside the body of \(size) bytes")
        }
        return UnsafeRawBufferPointer(rebasing: body[Int(offset)..<Int(offset &+ length)])
    }
}

/// Checks of variable-length columns, done once so that writing their cells needs none.
enum TextChecks {
    /// Offsets must not fall and must stay inside the data.
    static func offsets<Offset: FixedWidthInteger & BitwiseCopyable>(
        _ slice: ColumnSlice, _ type: Offset.Type
    ) throws(FrameError) {
        guard let base = slice.values, slice.rows > 0 else { return }
        let size = MemoryLayout<Offset>.size
        var last = Offset(littleEndian: base.loadUnaligned(as: Offset.self))
        var falls = last < 0
        for row in 1...slice.rows {
            let next = Offset(littleEndian: base.loadUnaligned(fromByteOffset: row &* size, as: Offset.self))
            falls = falls || next < last
            last = next
        }
        guard !falls, Int64(last) <= Int64(slice.data.count) else {
            throw FrameError("its offsets do not rise from 0 to at most \(slice.data.count), the bytes of its data")
        }
    }

    /// Views longer than twelve bytes must point into one of the buffers.
    static func views(_ slice: ColumnSlice) throws(FrameError) {
        guard let base = slice.values else { return }
        for row in 0..<slice.rows where !slice.isNull(row) {
            let view = base + row &* 16
            let length = Int(view.loadUnaligned(as: Int32.self))
            guard length >= 0 else { throw FrameError("row \(row) has a negative length") }
            if length <= 12 { continue }
            let index = Int(view.loadUnaligned(fromByteOffset: 8, as: Int32.self))
            let offset = Int(view.loadUnaligned(fromByteOffset: 12, as: Int32.self))
            guard index >= 0, index < slice.viewData.count, offset >= 0,
                offset &+ length <= slice.viewData[index].count
            else {
                throw FrameError("row \(row) points outside the data buffers")
            }
        }
    }
}
