import Bytes

/// Writes the schema part of a frame, up to `"values":[`.
enum SchemaText {
    /// The members of the frame itself, up to the list of fields.
    static func begin(
        name: UnsafeRawBufferPointer, refID: UnsafeRawBufferPointer, meta: SmallJSON?, to out: inout ByteWriter
    ) throws(FrameError) {
        out.append("{\"schema\":{" as StaticString)
        if !name.isEmpty {
            out.append("\"name\":" as StaticString)
            out.appendJSONString(name)
            out.append(UInt8(ascii: ","))
        }
        if !refID.isEmpty {
            out.append("\"refId\":" as StaticString)
            out.appendJSONString(refID)
            out.append(UInt8(ascii: ","))
        }
        if let meta {
            out.append("\"meta\":" as StaticString)
            try MetaForm.write(meta, to: &out)
            out.append(UInt8(ascii: ","))
        }
        out.append("\"fields\":[" as StaticString)
    }

    /// One field; `labels` and `config` are nil when the field has none.
    static func field(
        name: UnsafeRawBufferPointer, kind: ColumnKind, isNullable: Bool, labels: SmallJSON?, config: SmallJSON?,
        to out: inout ByteWriter
    ) throws(FrameError) {
        out.append(UInt8(ascii: "{"))
        if !name.isEmpty {
            out.append("\"name\":" as StaticString)
            out.appendJSONString(name)
            out.append(UInt8(ascii: ","))
        }
        let names = kind.names
        out.append("\"type\":\"" as StaticString)
        out.append(names.type)
        out.append("\",\"typeInfo\":{\"frame\":\"" as StaticString)
        out.append(names.frame)
        out.append(isNullable ? "\",\"nullable\":true}" : "\"}" as StaticString)
        if let labels { try MetaForm.writeLabels(labels, to: &out) }
        if let config {
            out.append(",\"config\":" as StaticString)
            try ConfigForm.write(config, "config", to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// The start of the values of a text without a schema.
    static var rowsOnly: StaticString { "{\"data\":{\"values\":[" }

    /// The end of the schema and the start of the values.
    static func end(_ out: inout ByteWriter) {
        out.append("]},\"data\":{\"values\":[" as StaticString)
    }
}
