import Bytes

/// The answers in a `pluginv2.QueryDataResponse`, in place.
package struct QueryDataResponseReader {
    /// How the frames of an answer are written.
    package enum Format: Equatable, Sendable {
        /// Arrow IPC files.
        case arrow
        /// One JSON text per frame.
        case json
        /// A number that this gateway doesn't know.
        case unknown(Int32)

        /// The format of a number on the wire.
        init(_ number: Int32) {
            switch number {
            case 0: self = .arrow
            case 1: self = .json
            default: self = .unknown(number)
            }
        }
    }

    /// The answer to one refId; everything points into the message.
    package struct Answer {
        /// The key of the map.
        package var refID = UnsafeRawBufferPointer(start: nil, count: 0)
        /// One Arrow file or JSON text per frame.
        package var frames: [UnsafeRawBufferPointer] = []
        /// Empty when there is no error.
        package var error = UnsafeRawBufferPointer(start: nil, count: 0)
        /// What the plugin said: `plugin`, `downstream`, nothing or something else.
        package var errorSource = UnsafeRawBufferPointer(start: nil, count: 0)
        /// The HTTP status number as sent.
        package var status: Int32 = 0
        /// How the frames are written.
        package var format = Format.arrow
    }

    /// The answers in byte order of their refIds; of several for one refId the last.
    package let answers: [Answer]

    /// Reads the message; an error means that it is not a QueryDataResponse at all.
    package init(_ message: UnsafeRawBufferPointer) throws(FrameError) {
        var found: [Answer] = []
        var reader = WireReader(message)
        do throws(WireError) {
            while let (field, value) = try reader.next() {
                if field == 1, let range = value.range { found.append(try Self.entry(message.slice(range))) }
            }
        } catch {
            throw FrameError("query answer: \(error)")
        }
        answers = Self.sorted(found)
    }

    private static func entry(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Answer {
        var answer = Answer()
        var reader = WireReader(bytes)
        while let (field, value) = try reader.next() {
            guard let range = value.range else { continue }
            if field == 1 { answer.refID = bytes.slice(range) }
            if field == 2 { try read(bytes.slice(range), into: &answer) }
        }
        return answer
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, into answer: inout Answer) throws(WireError) {
        var reader = WireReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .range(let range)): answer.frames.append(bytes.slice(range))
            case (2, .range(let range)): answer.error = bytes.slice(range)
            case (4, .varint(let number)): answer.status = Int32(truncatingIfNeeded: number)
            case (5, .range(let range)): answer.errorSource = bytes.slice(range)
            case (6, .varint(let number)): answer.format = Format(Int32(truncatingIfNeeded: number))
            default: break
            }
        }
    }

    private static func sorted(_ found: [Answer]) -> [Answer] {
        guard found.count > 1 else { return found }
        let order = found.indices.sorted { left, right in
            switch RefIDOrder.compare(found[left].refID, found[right].refID) {
            case 0: left < right
            case let difference: difference < 0
            }
        }
        var result: [Answer] = []
        result.reserveCapacity(order.count)
        for index in order {
            if let last = result.last, RefIDOrder.compare(last.refID, found[index].refID) == 0 { result.removeLast() }
            result.append(found[index])
        }
        return result
    }
}

/// The byte order of refIds.
enum RefIDOrder {
    /// Whether one of some answers, which are in that order, is for a refId.
    static func contains(_ answers: [QueryDataResponseReader.Answer], _ refID: UnsafeRawBufferPointer) -> Bool {
        var low = 0
        var high = answers.count
        while low < high {
            let middle = low &+ (high &- low) / 2
            switch compare(answers[middle].refID, refID) {
            case 0: return true
            case ..<0: low = middle &+ 1
            default: high = middle
            }
        }
        return false
    }

    /// Negative, zero or positive like the order of the two.
    static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let shared = min(left.count, right.count)
        for index in 0..<shared where left[index] != right[index] {
            return Int(left[index]) &- Int(right[index])
        }
        return left.count &- right.count
    }
}
