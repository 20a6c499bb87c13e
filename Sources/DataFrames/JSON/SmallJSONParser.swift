import DataPlaneAPI
import Glibc

/// Builds the tree of a text that the validator has passed; it still checks every access.
struct SmallJSONParser {
    /// Deeper metadata is refused: the tree is read by recursion.
    private static let maximumDepth = 200

    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private var byte: UInt8 { index < bytes.count ? bytes[index] : 0 }

    private mutating func skipSpace() {
        while byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { index &+= 1 }
    }

    mutating func value(depth: Int) throws(FrameError) -> SmallJSON {
        guard depth <= Self.maximumDepth else {
            throw FrameError("it is nested deeper than \(Self.maximumDepth) levels")
        }
        skipSpace()
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(string())
        case UInt8(ascii: "t"):
            index &+= 4
            return .bool(true)
        case UInt8(ascii: "f"):
            index &+= 5
            return .bool(false)
        case UInt8(ascii: "n"):
            index &+= 4
            return .null
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(FrameError) -> SmallJSON {
        var members: [SmallJSON.Member] = []
        index &+= 1
        skipSpace()
        while index < bytes.count && byte != UInt8(ascii: "}") {
            let key = string()
            skipSpace()
            index &+= 1
            members.append(SmallJSON.Member(key: key, value: try value(depth: depth &+ 1)))
            skipSpace()
            if byte == UInt8(ascii: ",") { index &+= 1 }
            skipSpace()
        }
        index &+= 1
        return .object(members)
    }

    private mutating func array(depth: Int) throws(FrameError) -> SmallJSON {
        var elements: [SmallJSON] = []
        index &+= 1
        skipSpace()
        while index < bytes.count && byte != UInt8(ascii: "]") {
            elements.append(try value(depth: depth &+ 1))
            skipSpace()
            if byte == UInt8(ascii: ",") { index &+= 1 }
            skipSpace()
        }
        index &+= 1
        return .array(elements)
    }

    private mutating func number() throws(FrameError) -> Double {
        var text: [CChar] = []
        while index < bytes.count, byte > 0x20, byte != UInt8(ascii: ","), byte | 0x20 != UInt8(ascii: "}") {
            text.append(CChar(bitPattern: byte))
            index &+= 1
        }
        text.append(0)
        let value = strtod(text, nil)
        guard value.isFinite else { throw FrameError("one of its numbers does not fit a 64-bit float") }
        return value
    }

    private mutating func string() -> [UInt8] {
        var text: [UInt8] = []
        index &+= 1
        while index < bytes.count {
            let next = byte
            index &+= 1
            if next == UInt8(ascii: "\"") { break }
            if next == UInt8(ascii: "\\") { escape(into: &text) } else { text.append(next) }
        }
        return text
    }

    private mutating func escape(into text: inout [UInt8]) {
        let kind = byte
        index &+= 1
        switch kind {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var unit = hexUnit()
            if unit & 0xfc00 == 0xd800, byte == UInt8(ascii: "\\"), index &+ 1 < bytes.count,
                bytes[index &+ 1] == UInt8(ascii: "u")
            {
                let saved = index
                index &+= 2
                let low = hexUnit()
                if low & 0xfc00 == 0xdc00 {
                    unit = 0x10000 &+ ((unit & 0x3ff) &<< 10) &+ (low & 0x3ff)
                } else {
                    index = saved
                }
            }
            // A surrogate on its own is no scalar value and becomes U+FFFD.
            text.append(contentsOf: Unicode.Scalar(unit).map { Array(String($0).utf8) } ?? [0xef, 0xbf, 0xbd])
        default: text.append(kind)
        }
    }

    private mutating func hexUnit() -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let digit = byte
            index &+= 1
            unit = (unit &<< 4) | UInt32(digit <= 0x39 ? digit &- 0x30 : (digit | 0x20) &- 0x57) & 15
        }
        return unit
    }
}
