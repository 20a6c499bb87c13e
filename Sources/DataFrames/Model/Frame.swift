import Bytes

/// A data frame: columns of equal length with a name, what a plugin answers a query with.
public struct Frame: Sendable {
    /// The name, may be empty.
    public var name: String
    /// The refId of the query it answers; empty lets the answer's key stand in.
    public var refID: String
    /// What the frame is and how to show it.
    public var meta: FrameMeta?
    /// The columns.
    public var fields: [Field]

    /// Makes a frame.
    public init(_ name: String = "", refID: String = "", meta: FrameMeta? = nil, fields: [Field] = []) {
        self.name = name
        self.refID = refID
        self.meta = meta
        self.fields = fields
    }

    /// The number of rows, the same for every field of a valid frame.
    public var rows: Int { fields.first?.count ?? 0 }

    /// The frame as JSON text, the data frame format 1.
    public func json() throws(FrameError) -> [UInt8] {
        var out = JSONOutput()
        try writeJSON(into: &out)
        return out.take().withBytes { Array($0) }
    }

    /// The rows alone as JSON text, `{"data":…}`: what the chunks of a frame after the first one hold.
    public func rowsJSON() throws(FrameError) -> [UInt8] {
        try check()
        var out = JSONOutput()
        out.text.append(SchemaText.rowsOnly)
        writeRows(into: &out)
        return out.take().withBytes { Array($0) }
    }

    /// The frame as an Arrow IPC file, the data frame format 0.
    public func arrow() throws(FrameError) -> [UInt8] {
        try check()
        return try ArrowFileWriter.write(self)
    }

    /// Writes the frame as JSON text and leaves the output open.
    package func writeJSON(into out: inout JSONOutput) throws(FrameError) {
        try check()
        var head = ByteWriter(capacity: 512)
        let name = Array(name.utf8)
        let refID = Array(refID.utf8)
        let begun: Result<Void, FrameError> = name.withUnsafeBytes { name in
            refID.withUnsafeBytes { refID in
                do throws(FrameError) {
                    return .success(
                        try SchemaText.begin(name: name, refID: refID, meta: meta?.tree(), to: &head))
                } catch {
                    return .failure(error)
                }
            }
        }
        try begun.get()
        for (index, field) in fields.enumerated() {
            if index > 0 { head.append(UInt8(ascii: ",")) }
            try field.writeSchema(to: &head)
        }
        SchemaText.end(&head)
        out.text.append(head.array())
        writeRows(into: &out)
    }

    private func writeRows(into out: inout JSONOutput) {
        let columns = fields.map {
            PreparedFrame.Column(kind: $0.column.kind, isNullable: $0.column.isNullable, slices: [$0.column.slice])
        }
        withExtendedLifetime(fields) { PreparedFrame(head: [], columns: columns).write(to: &out) }
    }

    private func check() throws(FrameError) {
        guard fields.count <= 4096 else {
            throw FrameError("a frame has at most 4096 fields, this one \(fields.count)")
        }
        for (index, field) in fields.enumerated() {
            guard field.count == rows else {
                throw FrameError(
                    "field \(index) \"\(field.name)\" has \(field.count) rows, the first field has \(rows)")
            }
            guard field.column.data.bytes.count <= Int32.max else {
                throw FrameError("field \(index) \"\(field.name)\" holds more than 2 GiB of text; split the frame")
            }
        }
    }
}

extension Field {
    /// The labels as a tree, nil for none.
    var labelTree: SmallJSON? {
        labels.map { labels in
            .object(labels.map { SmallJSON.Member(key: Array($0.utf8), value: .string(Array($1.utf8))) })
        }
    }

    fileprivate func writeSchema(to head: inout ByteWriter) throws(FrameError) {
        let name = Array(name.utf8)
        let written: Result<Void, FrameError> = name.withUnsafeBytes { name in
            do throws(FrameError) {
                return .success(
                    try SchemaText.field(
                        name: name, kind: column.kind, isNullable: column.isNullable, labels: labelTree,
                        config: config?.tree(), to: &head))
            } catch {
                return .failure(error)
            }
        }
        try written.get()
    }
}
