import Bytes

/// A data frame in an Arrow IPC file, as a plugin answers it.
package enum ArrowFrame {
    /// Writes the frame as JSON.
    ///
    /// The whole file is checked before the first byte is written, and columns are read where they are. `fallbackRefID`
    /// stands in for a refId that the frame leaves empty. The error names the field and the reason.
    package static func writeJSON(
        _ file: UnsafeRawBufferPointer, fallbackRefID: String? = nil, into out: inout JSONOutput
    ) throws(FrameError) {
        var fallback = fallbackRefID ?? ""
        let prepared: Result<PreparedFrame, FrameError> = fallback.withUTF8 { bytes in
            do throws(FrameError) {
                return .success(try prepare(file, fallbackRefID: UnsafeRawBufferPointer(bytes)))
            } catch {
                return .failure(error)
            }
        }
        try prepared.get().write(to: &out)
    }

    /// Where the same frame in Arrow's stream format lies in a file: between the magic and the footer.
    ///
    /// The error says why the bytes are no Arrow file.
    package static func streamPart(of file: UnsafeRawBufferPointer) throws(FrameError) -> Range<Int> {
        try ArrowFile(file).streamPart
    }

    /// Reads and checks everything; the result points into `file`.
    static func prepare(
        _ file: UnsafeRawBufferPointer, fallbackRefID: UnsafeRawBufferPointer
    ) throws(FrameError) -> PreparedFrame {
        let arrow = try ArrowFile(file)
        // A file may point at the same bytes again and again: what it says may not be much more than what it is.
        var metadataBudget = file.count.multipliedReportingOverflow(by: 16).partialValue
        let schema = try Metadata(arrow.schema.vector(2, stride: 4), budget: &metadataBudget)

        var head = ByteWriter(capacity: 512)
        var meta: SmallJSON?
        if let text = schema.find("meta") { meta = try parse(text, "meta") }
        let refID = schema.find("refId").flatMap { $0.isEmpty ? nil : $0 } ?? fallbackRefID
        try SchemaText.begin(name: schema.find("name") ?? Metadata.none, refID: refID, meta: meta, to: &head)

        let fields = try arrow.schema.vector(1, stride: 4)
        var columns: [PreparedFrame.Column] = []
        columns.reserveCapacity(fields.count)
        for index in 0..<fields.count {
            if index > 0 { head.append(UInt8(ascii: ",")) }
            do throws(FrameError) {
                columns.append(try column(fields.table(index), to: &head, budget: &metadataBudget))
            } catch {
                throw error.prefixed("field \(index)")
            }
        }
        SchemaText.end(&head)
        try readBatches(arrow, into: &columns)
        return PreparedFrame(head: head.array(), columns: columns)
    }

    private static func column(
        _ field: FlatTable, to head: inout ByteWriter, budget: inout Int
    ) throws(FrameError) -> PreparedFrame.Column {
        let name = try field.string(0) ?? Metadata.none
        do throws(FrameError) {
            let metadata = try Metadata(field.vector(6, stride: 4), budget: &budget)
            budget &-= name.count
            let isEnum = metadata.find("tstype").map { $0.elementsEqual("enum".utf8) } ?? false
            let kind = try ColumnKind(field, isEnum: isEnum)
            let isNullable = try field.number(1, default: UInt8(0)) != 0
            var labels: SmallJSON?
            if let text = metadata.find("labels") { labels = try parse(text, "labels") }
            var config: SmallJSON?
            if let text = metadata.find("config") { config = try parse(text, "config") }
            try SchemaText.field(
                name: name, kind: kind, isNullable: isNullable, labels: labels, config: config, to: &head)
            return PreparedFrame.Column(kind: kind, isNullable: isNullable)
        } catch {
            throw error.prefixed("\"\(String(decoding: name.prefix(64), as: UTF8.self))\"")
        }
    }

    private static func parse(_ text: UnsafeRawBufferPointer, _ what: StaticString) throws(FrameError) -> SmallJSON {
        do throws(FrameError) {
            return try SmallJSON.parse(text)
        } catch {
            throw error.prefixed("\(what)")
        }
    }

    private static func readBatches(
        _ arrow: ArrowFile, into columns: inout [PreparedFrame.Column]
    ) throws(FrameError) {
        // Every cell takes at least one bit, so more cells than bits are the same bytes over and over.
        var cellBudget = arrow.bytes.count.multipliedReportingOverflow(by: 8).partialValue
        for index in 0..<arrow.batchCount {
            do throws(FrameError) {
                var reader = try BatchReader(arrow.batch(index))
                let (cells, overflows) = reader.rows.multipliedReportingOverflow(by: columns.count)
                guard !overflows, cells <= cellBudget else {
                    throw FrameError("\(reader.rows) rows of \(columns.count) columns do not fit the file's bytes")
                }
                cellBudget &-= cells
                for position in columns.indices {
                    do throws(FrameError) {
                        columns[position].slices.append(try reader.next(columns[position].kind))
                    } catch {
                        throw error.prefixed("field \(position)")
                    }
                }
            } catch {
                throw error.prefixed("record batch \(index)")
            }
        }
    }
}

/// The custom metadata of a schema or a field.
struct Metadata {
    /// No bytes, for what is absent.
    static var none: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    private var pairs: [(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)] = []

    init(_ vector: FlatVector, budget: inout Int) throws(FrameError) {
        for index in 0..<vector.count {
            let pair = try vector.table(index)
            let key = try pair.string(0) ?? Self.none
            let value = try pair.string(1) ?? Self.none
            budget &-= key.count &+ value.count &+ 8
            guard budget >= 0 else { throw FrameError("its metadata says more than the file has bytes for") }
            pairs.append((key, value))
        }
    }

    /// The value of a key; of several the first counts.
    func find(_ key: StaticString) -> UnsafeRawBufferPointer? {
        let wanted = UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        return pairs.first { $0.key.elementsEqual(wanted) }?.value
    }
}
