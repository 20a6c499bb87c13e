import Bytes

/// Writes a frame as the Arrow IPC file that Grafana's own plugins would write.
enum ArrowFileWriter {
    private static let magic = Array("ARROW1".utf8)
    private static let version: Int16 = 4  // MetadataVersion V5

    static func write(_ frame: Frame) throws(FrameError) -> [UInt8] {
        var file = magic + [0, 0]
        var schema = FlatWriter()
        let message = schema.table([(0, .int16(version)), (1, .uint8(1)), (2, .offset)])
        try writeSchema(frame, to: &schema, for: message.holes[0])
        append(schema, to: &file)

        var block: [Int64] = []
        if frame.rows > 0 {
            let start = file.count
            let body = Body(frame.fields.map(\.column))
            append(batch(frame, body), to: &file)
            let head = file.count - start
            // The struct's second word is an int32 and its padding.
            block = [Int64(start), Int64(head), Int64(body.bytes.count)]
            file += body.bytes
        }
        file += [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]

        var footer = FlatWriter()
        let root = footer.table([(0, .int16(version)), (1, .offset), (2, .offset), (3, .offset)])
        try writeSchema(frame, to: &footer, for: root.holes[0])
        footer.structs(0, [], for: root.holes[1])
        footer.structs(block.count / 3, block, for: root.holes[2])
        file += footer.bytes
        withUnsafeBytes(of: Int32(truncatingIfNeeded: footer.bytes.count).littleEndian) { file += $0 }
        return file + magic
    }

    /// Appends an encapsulated message: continuation word, length, flatbuffer filled up to a multiple of eight.
    private static func append(_ flat: FlatWriter, to file: inout [UInt8]) {
        var flat = flat
        flat.align(8)
        file += [0xff, 0xff, 0xff, 0xff]
        withUnsafeBytes(of: Int32(truncatingIfNeeded: flat.bytes.count).littleEndian) { file += $0 }
        file += flat.bytes
    }

    private static func writeSchema(
        _ frame: Frame, to flat: inout FlatWriter, for hole: Int
    ) throws(FrameError) {
        let schema = flat.table([(1, .offset), (2, .offset)])
        flat.point(hole, to: schema.start)
        let fields = flat.offsets(frame.fields.count, for: schema.holes[0])
        for (field, place) in zip(frame.fields, fields) { try write(field, to: &flat, for: place) }
        var pairs: [(String, [UInt8])] = []
        if let meta = frame.meta {
            var text = ByteWriter()
            try MetaForm.write(meta.tree(), to: &text)
            pairs.append(("meta", text.array()))
        }
        pairs += [("name", Array(frame.name.utf8)), ("refId", Array(frame.refID.utf8))]
        write(pairs, to: &flat, for: schema.holes[1])
    }

    private static func write(_ field: Field, to flat: inout FlatWriter, for hole: Int) throws(FrameError) {
        let type = field.column.kind.arrowType
        let table = flat.table([
            (0, .offset), (3, .offset), (5, .offset), (6, .offset), (2, .uint8(type.code)),
            (1, .uint8(field.column.isNullable ? 1 : 0)),
        ])
        flat.point(hole, to: table.start)
        flat.string(Array(field.name.utf8), for: table.holes[0])
        flat.point(table.holes[1], to: flat.table(type.slots).start)
        _ = flat.offsets(0, for: table.holes[2])
        var pairs: [(String, [UInt8])] = []
        if let config = field.config {
            var text = ByteWriter()
            try ConfigForm.write(config.tree(), "config", to: &text)
            pairs.append(("config", text.array()))
        }
        if let labels = field.labelTree {
            var text = ByteWriter()
            labels.write(to: &text)
            pairs.append(("labels", text.array()))
        }
        pairs.append(("tstype", Array("\(field.column.kind.names.type)".utf8)))
        write(pairs, to: &flat, for: table.holes[3])
    }

    private static func write(_ pairs: [(String, [UInt8])], to flat: inout FlatWriter, for hole: Int) {
        for ((key, value), place) in zip(pairs, flat.offsets(pairs.count, for: hole)) {
            let pair = flat.table([(0, .offset), (1, .offset)])
            flat.point(place, to: pair.start)
            flat.string(Array(key.utf8), for: pair.holes[0])
            flat.string(value, for: pair.holes[1])
        }
    }

    private static func batch(_ frame: Frame, _ body: Body) -> FlatWriter {
        var flat = FlatWriter()
        let message = flat.table([
            (3, .int64(Int64(body.bytes.count))), (2, .offset), (0, .int16(version)), (1, .uint8(3)),
        ])
        let batch = flat.table([(0, .int64(Int64(frame.rows))), (1, .offset), (2, .offset)])
        flat.point(message.holes[0], to: batch.start)
        let nodes = frame.fields.flatMap { [Int64($0.count), Int64($0.column.nullCount)] }
        flat.structs(frame.fields.count, nodes, for: batch.holes[0])
        flat.structs(body.buffers.count / 2, body.buffers, for: batch.holes[1])
        return flat
    }

    /// The body of a record batch: all buffers one after the other, each at a multiple of eight.
    private struct Body {
        var bytes: [UInt8] = []
        var buffers: [Int64] = []

        init(_ columns: [ColumnMemory]) {
            for column in columns {
                add(column.validity)
                add(column.values)
                if column.kind == .utf8 || column.kind == .json { add(column.data) }
            }
        }

        private mutating func add(_ memory: StableBytes) {
            let buffer = memory.bytes
            buffers += [Int64(bytes.count), Int64(buffer.count)]
            bytes.append(contentsOf: buffer)
            while bytes.count % 8 != 0 { bytes.append(0) }
        }
    }
}

extension ColumnKind {
    /// Arrow's type number and the slots of its table.
    fileprivate var arrowType: (code: UInt8, slots: [(Int, FlatWriter.Value)]) {
        func integer(_ width: Int32, _ isSigned: Bool) -> (UInt8, [(Int, FlatWriter.Value)]) {
            (2, [(0, .int32(width)), (1, .uint8(isSigned ? 1 : 0))])
        }
        switch self {
        case .int8: return integer(8, true)
        case .int16: return integer(16, true)
        case .int32: return integer(32, true)
        case .int64: return integer(64, true)
        case .uint8: return integer(8, false)
        case .uint16, .enumeration: return integer(16, false)
        case .uint32: return integer(32, false)
        case .uint64: return integer(64, false)
        case .float32: return (3, [(0, .int16(1))])
        case .float64: return (3, [(0, .int16(2))])
        case .json, .largeJSON, .jsonView: return (4, [])
        case .utf8, .largeUtf8, .utf8View: return (5, [])
        case .boolean: return (6, [])
        case .seconds, .milliseconds, .microseconds, .nanoseconds, .date32, .date64:
            // A frame's own columns are nanoseconds: `Field` makes no others.
            return (10, [(0, .int16(3))])
        }
    }
}
