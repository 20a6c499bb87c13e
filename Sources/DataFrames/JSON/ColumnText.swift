import Bytes

/// Writes the cells of a column as JSON, straight from the memory they lie in.
///
/// Every cell is written with a comma in front; the first comma of a column then becomes the opening bracket. So loops have
/// no case for the first row.
struct ColumnText {
    /// Rows between two looks at the size of the output.
    private static let blockRows = 512
    /// The longest number and its comma, and a little more.
    private static let cellRoom = 28

    /// What a null becomes: `null`, or a zero value in a column that was declared without nulls.
    let isNullable: Bool
    /// A cell needed more than its value: an entity (NaN, infinity) or nanoseconds.
    private(set) var needsMore = false
    private var isFirst = true

    init(isNullable: Bool) {
        self.isNullable = isNullable
    }

    /// Writes the rows of one batch.
    mutating func write(_ slice: ColumnSlice, _ kind: ColumnKind, to out: inout JSONOutput) {
        guard let base = slice.values, slice.rows > 0 else { return }
        switch kind {
        case .float64: float64(slice, base, &out)
        case .float32: float32(slice, base, &out)
        case .nanoseconds: time(slice, base, perMillisecond: 1_000_000, nanos: 1, &out)
        case .microseconds: time(slice, base, perMillisecond: 1000, nanos: 1000, &out)
        case .milliseconds, .date64: rising(slice, base, &out)
        case .int64: integers(slice, base, Int64.self, &out)
        case .seconds: seconds(slice, base, &out)
        case .date32: days(slice, base, &out)
        case .int8: integers(slice, base, Int8.self, &out)
        case .int16: integers(slice, base, Int16.self, &out)
        case .int32: integers(slice, base, Int32.self, &out)
        case .uint8: integers(slice, base, UInt8.self, &out)
        case .uint16, .enumeration: integers(slice, base, UInt16.self, &out)
        case .uint32: integers(slice, base, UInt32.self, &out)
        case .uint64: unsigned(slice, base, &out)
        case .boolean: booleans(slice, base, &out)
        default: cells(slice, kind, &out)
        }
    }

    /// Closes the list.
    func close(_ out: inout JSONOutput) {
        out.text.append(isFirst ? "[]" : "]" as StaticString)
    }

    private mutating func cells(_ slice: ColumnSlice, _ kind: ColumnKind, _ out: inout JSONOutput) {
        let isJSON = kind == .json || kind == .largeJSON || kind == .jsonView
        for row in 0..<slice.rows {
            out.text.append(isFirst ? UInt8(ascii: "[") : UInt8(ascii: ","))
            isFirst = false
            if slice.isNull(row) {
                out.text.append(isNullable || isJSON ? "null" : "\"\"" as StaticString)
            } else if isJSON {
                json(slice.text(row, kind), &out)
            } else {
                out.text.appendJSONString(slice.text(row, kind))
            }
            out.checkpoint()
            if out.isAbandoned { return }
        }
    }

    private func json(_ cell: UnsafeRawBufferPointer, _ out: inout JSONOutput) {
        // The SDK shows a cell that doesn't fit its floats as null, and so do we.
        switch JSONValidator.check(cell, doublesOnly: true) {
        case .ascii: out.text.append(cell)
        case .text: out.text.appendJSONText(cell)
        case .invalid: out.text.append("null" as StaticString)
        }
    }

    /// Runs `cell` for every row; it writes at the place it gets and returns the end of what it wrote.
    @inline(__always)
    private mutating func rows(
        _ slice: ColumnSlice, _ out: inout JSONOutput,
        _ cell: (Int, NumberText.Place) -> NumberText.Place
    ) {
        var row = 0
        while row < slice.rows {
            let stop = min(slice.rows, row &+ Self.blockRows)
            out.text.reserve((stop &- row) &* Self.cellRoom &+ NumberText.room)
            let start = out.text.cursor
            var place = start
            while row < stop {
                place[0] = UInt8(ascii: ",")
                place += 1
                if slice.isNull(row) {
                    place = isNullable ? Self.null(place) : Self.zero(place)
                } else {
                    place = cell(row, place)
                }
                row &+= 1
            }
            if isFirst { start[0] = UInt8(ascii: "[") }
            isFirst = false
            out.text.advance(to: place)
            out.checkpoint()
            if out.isAbandoned { return }
        }
    }

    @inline(__always)
    private static func null(_ place: NumberText.Place) -> NumberText.Place {
        UnsafeMutableRawPointer(place).storeBytes(of: UInt32(0x6c6c_756e).littleEndian, as: UInt32.self)
        return place + 4
    }

    @inline(__always)
    private static func zero(_ place: NumberText.Place) -> NumberText.Place {
        place[0] = UInt8(ascii: "0")
        return place + 1
    }

    private mutating func float64(_ slice: ColumnSlice, _ base: UnsafeRawPointer, _ out: inout JSONOutput) {
        let powers = PowersOfTen.table
        var special = false
        rows(slice, &out) { row, place in
            let value = base.loadUnaligned(fromByteOffset: row &* 8, as: Double.self)
            if value.isFinite { return NumberText.write(value, to: place, powers: powers) }
            special = true
            return Self.null(place)
        }
        if special { needsMore = true }
    }

    private mutating func float32(_ slice: ColumnSlice, _ base: UnsafeRawPointer, _ out: inout JSONOutput) {
        let powers = PowersOfTen.table
        var special = false
        rows(slice, &out) { row, place in
            let value = base.loadUnaligned(fromByteOffset: row &* 4, as: Float.self)
            if value.isFinite { return NumberText.write(value, to: place, powers: powers) }
            special = true
            return Self.null(place)
        }
        if special { needsMore = true }
    }

    /// Milliseconds rounded down; whether anything is left over decides about `nanos`.
    @inline(__always)
    private mutating func time(
        _ slice: ColumnSlice, _ base: UnsafeRawPointer, perMillisecond: Int64, nanos: Int64, _ out: inout JSONOutput
    ) {
        var rest: Int64 = 0
        var numbers = RisingNumbers()
        rows(slice, &out) { row, place in
            let value = base.loadUnaligned(fromByteOffset: row &* 8, as: Int64.self)
            let split = EpochTime.split(value, perMillisecond: perMillisecond)
            rest |= split.rest
            return numbers.write(split.milliseconds, to: place)
        }
        if rest != 0 { needsMore = true }
    }

    private mutating func rising(_ slice: ColumnSlice, _ base: UnsafeRawPointer, _ out: inout JSONOutput) {
        var numbers = RisingNumbers()
        rows(slice, &out) { row, place in
            numbers.write(base.loadUnaligned(fromByteOffset: row &* 8, as: Int64.self), to: place)
        }
    }

    private mutating func seconds(_ slice: ColumnSlice, _ base: UnsafeRawPointer, _ out: inout JSONOutput) {
        rows(slice, &out) { row, place in
            let value = base.loadUnaligned(fromByteOffset: row &* 8, as: Int64.self)
            let end = NumberText.write(value, to: place)
            // Three zeros are a multiplication that can't overflow.
            if value == 0 { return end }
            UnsafeMutableRawPointer(end).storeBytes(of: UInt32(0x3030_3030), as: UInt32.self)
            return end + 3
        }
    }

    private mutating func days(_ slice: ColumnSlice, _ base: UnsafeRawPointer, _ out: inout JSONOutput) {
        rows(slice, &out) { row, place in
            let value = base.loadUnaligned(fromByteOffset: row &* 4, as: Int32.self)
            return NumberText.write(Int64(value) &* 86_400_000, to: place)
        }
    }

    private mutating func integers<Number: FixedWidthInteger & BitwiseCopyable>(
        _ slice: ColumnSlice, _ base: UnsafeRawPointer, _ type: Number.Type, _ out: inout JSONOutput
    ) {
        rows(slice, &out) { row, place in
            let value = base.loadUnaligned(fromByteOffset: row &* MemoryLayout<Number>.size, as: Number.self)
            return NumberText.write(Int64(truncatingIfNeeded: value), to: place)
        }
    }

    private mutating func unsigned(_ slice: ColumnSlice, _ base: UnsafeRawPointer, _ out: inout JSONOutput) {
        rows(slice, &out) { row, place in
            NumberText.write(base.loadUnaligned(fromByteOffset: row &* 8, as: UInt64.self), to: place)
        }
    }

    private mutating func booleans(_ slice: ColumnSlice, _ base: UnsafeRawPointer, _ out: inout JSONOutput) {
        let bits = base.assumingMemoryBound(to: UInt8.self)
        let isNullable = isNullable
        for start in stride(from: 0, to: slice.rows, by: Self.blockRows) {
            for row in start..<min(slice.rows, start &+ Self.blockRows) {
                out.text.append(isFirst ? UInt8(ascii: "[") : UInt8(ascii: ","))
                isFirst = false
                if slice.isNull(row) {
                    out.text.append(isNullable ? "null" : "false" as StaticString)
                } else {
                    let isSet = (bits[row &>> 3] &>> UInt8(truncatingIfNeeded: row & 7)) & 1 == 1
                    out.text.append(isSet ? "true" : "false" as StaticString)
                }
            }
            out.checkpoint()
            if out.isAbandoned { return }
        }
    }
}

/// Splits timestamps into what the frame format writes.
enum EpochTime {
    /// Milliseconds rounded down and the units left over, never negative.
    @inline(__always)
    static func split(_ value: Int64, perMillisecond: Int64) -> (milliseconds: Int64, rest: Int64) {
        let quotient = value / perMillisecond
        let rest = value &- quotient &* perMillisecond
        let isBefore = rest &>> 63
        return (quotient &+ isBefore, rest &+ (isBefore & perMillisecond))
    }
}

extension ColumnSlice {
    /// The bytes of a variable-length cell; the offsets and views were checked when the batch was read.
    @inline(__always)
    func text(_ row: Int, _ kind: ColumnKind) -> UnsafeRawBufferPointer {
        guard let base = values else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        switch kind {
        case .utf8, .json:
            let start = Int(base.loadUnaligned(fromByteOffset: row &* 4, as: Int32.self))
            let end = Int(base.loadUnaligned(fromByteOffset: row &* 4 &+ 4, as: Int32.self))
            return UnsafeRawBufferPointer(rebasing: data[start..<end])
        case .largeUtf8, .largeJSON:
            let start = Int(base.loadUnaligned(fromByteOffset: row &* 8, as: Int64.self))
            let end = Int(base.loadUnaligned(fromByteOffset: row &* 8 &+ 8, as: Int64.self))
            return UnsafeRawBufferPointer(rebasing: data[start..<end])
        default:
            let view = base + row &* 16
            let length = Int(view.loadUnaligned(as: Int32.self))
            if length <= 12 { return UnsafeRawBufferPointer(start: view + 4, count: length) }
            let index = Int(view.loadUnaligned(fromByteOffset: 8, as: Int32.self))
            let offset = Int(view.loadUnaligned(fromByteOffset: 12, as: Int32.self))
            return UnsafeRawBufferPointer(rebasing: viewData[index][offset..<(offset &+ length)])
        }
    }
}
