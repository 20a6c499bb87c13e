import Bytes
import DataPlaneAPI

/// A frame that is known to be readable: its schema text is made, its columns are checked and stay where they are.
struct PreparedFrame {
    /// A column's kind and its slices, one per batch.
    struct Column {
        var kind: ColumnKind
        var isNullable: Bool
        var slices: [ColumnSlice] = []
    }

    /// The object up to `"values":[`.
    var head: [UInt8]
    var columns: [Column]

    /// Writes the frame.
    ///
    /// Nothing can fail any more, so text may be handed on while it is written.
    func write(to out: inout JSONOutput) {
        out.text.append(head)
        var needing: [Int] = []
        for (index, column) in columns.enumerated() {
            if index > 0 { out.text.append(UInt8(ascii: ",")) }
            var text = ColumnText(isNullable: column.isNullable)
            for slice in column.slices { text.write(slice, column.kind, to: &out) }
            text.close(&out)
            if text.needsMore { needing.append(index) }
        }
        out.text.append(UInt8(ascii: "]"))
        if !needing.isEmpty { writeExtras(needing, to: &out) }
        out.text.append("}}" as StaticString)
        out.checkpoint()
    }

    private func writeExtras(_ needing: [Int], to out: inout JSONOutput) {
        let isFloat = { (index: Int) in columns[index].kind == .float64 || columns[index].kind == .float32 }
        let entities = needing.filter(isFloat)
        let nanos = needing.filter { !isFloat($0) }
        if !entities.isEmpty {
            out.text.append(",\"entities\":[" as StaticString)
            perColumn(entities, to: &out) { ExtraText.entities(columns[$0], to: &$1) }
        }
        if !nanos.isEmpty {
            out.text.append(",\"nanos\":[" as StaticString)
            perColumn(nanos, to: &out) { ExtraText.nanos(columns[$0], to: &$1) }
        }
    }

    private func perColumn(_ wanted: [Int], to out: inout JSONOutput, _ body: (Int, inout JSONOutput) -> Void) {
        var next = wanted.makeIterator()
        var due = next.next()
        for index in columns.indices {
            if index > 0 { out.text.append(UInt8(ascii: ",")) }
            if index == due {
                body(index, &out)
                due = next.next()
            } else {
                out.text.append("null" as StaticString)
            }
        }
        out.text.append(UInt8(ascii: "]"))
    }
}

/// The parts of a frame's data beside its values.
private enum ExtraText {
    /// The rows of a float column that hold NaN and the infinities.
    static func entities(_ column: PreparedFrame.Column, to out: inout JSONOutput) {
        out.text.append(UInt8(ascii: "{"))
        var isFirst = true
        list("\"NaN\":[", column, &isFirst, &out) { $0.isNaN }
        list("\"Inf\":[", column, &isFirst, &out) { $0 == .infinity }
        list("\"NegInf\":[", column, &isFirst, &out) { $0 == -.infinity }
        out.text.append(UInt8(ascii: "}"))
    }

    private static func list(
        _ key: StaticString, _ column: PreparedFrame.Column, _ isFirst: inout Bool, _ out: inout JSONOutput,
        where matches: (Double) -> Bool
    ) {
        var isEmpty = true
        var before = 0
        for slice in column.slices {
            guard let base = slice.values else { continue }
            for row in 0..<slice.rows where !slice.isNull(row) {
                let value =
                    column.kind == .float64
                    ? base.loadUnaligned(fromByteOffset: row &* 8, as: Double.self)
                    : Double(base.loadUnaligned(fromByteOffset: row &* 4, as: Float.self))
                guard matches(value) else { continue }
                if isEmpty {
                    if !isFirst { out.text.append(UInt8(ascii: ",")) }
                    isFirst = false
                    out.text.append(key)
                } else {
                    out.text.append(UInt8(ascii: ","))
                }
                isEmpty = false
                out.text.append(integer: Int64(before &+ row))
                out.checkpoint()
                if out.isAbandoned { return }
            }
            before &+= slice.rows
        }
        if !isEmpty { out.text.append(UInt8(ascii: "]")) }
    }

    /// What is left of a time column's cells below the millisecond, in nanoseconds.
    static func nanos(_ column: PreparedFrame.Column, to out: inout JSONOutput) {
        let unit: (perMillisecond: Int64, nanos: Int64) = column.kind == .nanoseconds ? (1_000_000, 1) : (1000, 1000)
        var isFirst = true
        for slice in column.slices {
            guard let base = slice.values else { continue }
            for row in 0..<slice.rows {
                out.text.append(isFirst ? UInt8(ascii: "[") : UInt8(ascii: ","))
                isFirst = false
                var rest: Int64 = 0
                if !slice.isNull(row) {
                    let value = base.loadUnaligned(fromByteOffset: row &* 8, as: Int64.self)
                    rest = EpochTime.split(value, perMillisecond: unit.perMillisecond).rest &* unit.nanos
                }
                out.text.append(integer: rest)
                out.checkpoint()
                if out.isAbandoned { return }
            }
        }
        out.text.append(isFirst ? "[]" : "]" as StaticString)
    }
}
