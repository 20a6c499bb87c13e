import HTTPKit

/// How many listen to a stream, by event loop and format.
struct StreamAudience {
    private var loops: [Int: [StreamFormat: Int]] = [:]

    /// The loops that have listeners.
    var places: Dictionary<Int, [StreamFormat: Int]>.Keys { loops.keys }

    /// The formats that somebody listens in.
    var formats: Set<StreamFormat> { loops.values.reduce(into: []) { $0.formUnion($1.keys) } }

    mutating func add(loop: Int, _ format: StreamFormat) { loops[loop, default: [:]][format, default: 0] += 1 }

    /// Takes a listener away.
    ///
    /// - Returns: whether it was one, and whether its loop has others.
    mutating func remove(loop: Int, _ format: StreamFormat) -> (wasThere: Bool, others: Bool) {
        guard var formats = loops[loop], let count = formats[format] else { return (false, loops[loop] != nil) }
        formats[format] = count > 1 ? count - 1 : nil
        loops[loop] = formats.isEmpty ? nil : formats
        return (true, !formats.isEmpty)
    }

    mutating func removeAll() { loops = [:] }
}
