import Foundation

/// Lines that a process writes, gathered by a thread of its own; tests wait for one of them.
final class LineLog: @unchecked Sendable {
    private let condition = NSCondition()
    private var lines: [String] = []
    private var isClosed = false

    init(_ handle: FileHandle) {
        let thread = Thread { [self] in
            var rest = Data()
            while true {
                let piece = handle.availableData
                if piece.isEmpty { break }
                rest.append(piece)
                while let end = rest.firstIndex(of: 0x0A) {
                    add(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
            // Whoever started the process may keep it, and a run starts thousands.
            try? handle.close()
            condition.lock()
            isClosed = true
            condition.broadcast()
            condition.unlock()
        }
        thread.start()
    }

    private func add(_ line: String) {
        condition.lock()
        lines.append(line)
        condition.broadcast()
        condition.unlock()
    }

    /// How many lines there are; a place to wait from.
    var count: Int {
        condition.lock()
        defer { condition.unlock() }
        return lines.count
    }

    /// The last lines, for messages of failures.
    func tail(_ count: Int = 40) -> String {
        condition.lock()
        defer { condition.unlock() }
        return lines.suffix(count).joined(separator: "\n")
    }

    /// Waits for a line, from a place on; nil when none came in time or the process closed its output.
    func wait(from start: Int = 0, seconds: Double = 20, for matches: (String) -> Bool) -> String? {
        let deadline = Date(timeIntervalSinceNow: seconds)
        var next = start
        condition.lock()
        defer { condition.unlock() }
        while true {
            while next < lines.count {
                if matches(lines[next]) { return lines[next] }
                next += 1
            }
            if isClosed || !condition.wait(until: deadline) { return nil }
        }
    }

    /// Waits for a line that contains a text.
    func wait(from start: Int = 0, seconds: Double = 20, containing text: String) -> String? {
        wait(from: start, seconds: seconds) { $0.contains(text) }
    }

    /// How many lines contain a text.
    func number(containing text: String) -> Int {
        condition.lock()
        defer { condition.unlock() }
        return lines.reduce(0) { $0 + ($1.contains(text) ? 1 : 0) }
    }
}
