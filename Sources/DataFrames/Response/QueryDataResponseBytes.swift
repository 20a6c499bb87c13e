import DataPlaneAPI

/// Writes a `pluginv2.QueryDataResponse`: what a plugin answers, and what tests and benchmarks feed the reader with.
package enum QueryDataResponseBytes {
    /// One answer of the message.
    package struct Answer: Sendable {
        /// The key of the map.
        package var refID: String
        /// One Arrow file or JSON text per frame.
        package var frames: [[UInt8]]
        /// The HTTP status number.
        package var status: Int32
        /// Empty for none.
        package var error: String
        /// Empty for none.
        package var errorSource: String
        /// 0 for Arrow, 1 for JSON.
        package var format: Int32

        /// Makes an answer.
        package init(
            refID: String, frames: [[UInt8]] = [], status: Int32 = 200, error: String = "", errorSource: String = "",
            format: Int32 = 0
        ) {
            self.refID = refID
            self.frames = frames
            self.status = status
            self.error = error
            self.errorSource = errorSource
            self.format = format
        }
    }

    /// The message with its answers in the given order.
    package static func write(_ answers: [Answer]) -> [UInt8] {
        var message: [UInt8] = []
        for answer in answers {
            var body: [UInt8] = []
            for frame in answer.frames { field(1, frame, &body) }
            if !answer.error.isEmpty { field(2, Array(answer.error.utf8), &body) }
            number(4, answer.status, &body)
            if !answer.errorSource.isEmpty { field(5, Array(answer.errorSource.utf8), &body) }
            number(6, answer.format, &body)
            var entry: [UInt8] = []
            field(1, Array(answer.refID.utf8), &entry)
            field(2, body, &entry)
            field(1, entry, &message)
        }
        return message
    }

    private static func field(_ number: UInt8, _ bytes: [UInt8], _ out: inout [UInt8]) {
        out.append(number << 3 | 2)
        varint(UInt64(bytes.count), &out)
        out += bytes
    }

    private static func number(_ field: UInt8, _ value: Int32, _ out: inout [UInt8]) {
        if value == 0 { return }
        out.append(field << 3)
        varint(UInt64(bitPattern: Int64(value)), &out)
    }

    private static func varint(_ value: UInt64, _ out: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        out.append(UInt8(value))
    }
}
