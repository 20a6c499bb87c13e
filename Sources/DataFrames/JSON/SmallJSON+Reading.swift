import Bytes

extension SmallJSON {
    /// Reads exactly one JSON value, as Go reads it: bytes that aren't UTF-8 stay for the writer to replace.
    static func parse(_ bytes: UnsafeRawBufferPointer) throws(FrameError) -> SmallJSON {
        var reader = SmallJSONReader(bytes)
        let value = try reader.value(depth: 0)
        guard reader.isAtEnd else { throw SmallJSONReader.invalid }
        return value
    }
}

/// Builds the tree of a text by recursion.
private struct SmallJSONReader {
    /// Deeper metadata is refused.
    private static let maximumDepth = 200
    static let invalid = FrameError("it is not valid JSON")

    private let bytes: UnsafeRawBufferPointer
    private var scanner: JSONScanner

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        scanner = JSONScanner(bytes, keepsInvalidText: true)
    }

    /// Whether nothing but white space follows.
    var isAtEnd: Bool { mutating get { scanner.peek() == nil } }

    mutating func value(depth: Int) throws(FrameError) -> SmallJSON {
        guard depth <= Self.maximumDepth else {
            throw FrameError("it is nested deeper than \(Self.maximumDepth) levels")
        }
        switch scanner.peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try read { (scanner) throws(JSONError) in try scanner.stringBytes() })
        default: return try scalar()
        }
    }

    private mutating func object(depth: Int) throws(FrameError) -> SmallJSON {
        var members: [SmallJSON.Member] = []
        guard try read({ (scanner) throws(JSONError) in try scanner.enter() }) else { return .object(members) }
        repeat {
            let key = try read { (scanner) throws(JSONError) in try scanner.keyBytes() }
            members.append(SmallJSON.Member(key: key, value: try value(depth: depth &+ 1)))
        } while try read { (scanner) throws(JSONError) in try scanner.next(inObject: true) }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(FrameError) -> SmallJSON {
        var elements: [SmallJSON] = []
        guard try read({ (scanner) throws(JSONError) in try scanner.enter() }) else { return .array(elements) }
        repeat {
            elements.append(try value(depth: depth &+ 1))
        } while try read {
            (scanner) throws(JSONError) in try scanner.next(inObject: false)
        }
        return .array(elements)
    }

    private mutating func scalar() throws(FrameError) -> SmallJSON {
        let place = try read { (scanner) throws(JSONError) in try scanner.value() }
        switch bytes[place.lowerBound] {
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "n"): return .null
        default:
            guard let number = Double(bytes.text(place)), number.isFinite else {
                throw FrameError("one of its numbers does not fit a 64-bit float")
            }
            return .number(number)
        }
    }

    private mutating func read<Value>(
        _ body: (inout JSONScanner) throws(JSONError) -> Value
    ) throws(FrameError) -> Value {
        do throws(JSONError) { return try body(&scanner) } catch { throw Self.invalid }
    }
}
