/// Cuts what comes through the stdio service into lines.
struct StdioLines {
    private var pending: [UInt8] = []

    mutating func feed(_ bytes: [UInt8]) -> [[UInt8]] {
        pending.append(contentsOf: bytes)
        var lines: [[UInt8]] = []
        while let end = pending.firstIndex(of: 0x0A) {
            lines.append(Array(pending[..<end]))
            pending.removeSubrange(...end)
        }
        if pending.count > 64 * 1024 {
            lines.append(pending)
            pending = []
        }
        return lines
    }
}
