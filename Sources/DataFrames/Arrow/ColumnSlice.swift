/// The rows of one column in one record batch, in place; every pointer was checked to hold `rows` values.
struct ColumnSlice {
    /// The number of rows.
    var rows = 0
    /// One bit per row, 1 for a value; nil when there are no nulls.
    var validity: UnsafePointer<UInt8>?
    /// Fixed-width values, bits, offsets or views, by kind.
    var values: UnsafeRawPointer?
    /// The bytes that offsets point into.
    var data = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The bytes that views point into, by buffer index.
    var viewData: [UnsafeRawBufferPointer] = []

    /// Whether row `row` (below `rows`) is null.
    @inline(__always)
    func isNull(_ row: Int) -> Bool {
        guard let validity else { return false }
        return (validity[row &>> 3] &>> UInt8(truncatingIfNeeded: row & 7)) & 1 == 0
    }
}
