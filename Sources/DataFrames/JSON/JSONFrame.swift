import DataPlaneAPI

/// A frame that a plugin sent as JSON: checked to be an object, passed on as it is but for a missing refId.
package struct JSONFrame {
    private let text: UnsafeRawBufferPointer
    /// Whether all bytes are ASCII.
    let isASCII: Bool
    /// Where the schema lacks its refId: what is replaced there, and what follows.
    private let gap: Gap?

    private typealias Gap = (place: Range<Int>, member: Member)

    private enum Member {
        /// A value that is empty.
        case value
        /// The whole member; `isOnly` tells whether another follows.
        case whole(isOnly: Bool)
    }

    /// Checks a text.
    ///
    /// - Throws: what is wrong with it.
    package init(_ text: UnsafeRawBufferPointer) throws(FrameError) {
        self.text = text
        switch JSONValidator.check(text) {
        case .ascii: isASCII = true
        case .text: isASCII = false
        case .invalid: throw FrameError("it is not exactly one JSON value")
        }
        var walk = JSONWalk(text)
        guard walk.byte == UInt8(ascii: "{") else { throw FrameError("it is a JSON value, but not an object") }
        gap = Self.gap(&walk)
    }

    /// The text in pieces: what comes before a missing refId, the refId, and what comes after it.
    ///
    /// - Parameter refID: what to fill in; empty for nothing.
    func pieces(_ refID: UnsafeRawBufferPointer) -> (UnsafeRawBufferPointer, [UInt8], UnsafeRawBufferPointer) {
        guard let gap, !refID.isEmpty else { return (text, [], Metadata.none) }
        var filled = ByteWriter(capacity: refID.count + 16)
        if case .whole = gap.member { filled.append("\"refId\":" as StaticString) }
        filled.appendJSONString(refID)
        if case .whole(isOnly: false) = gap.member { filled.append(UInt8(ascii: ",")) }
        return (
            UnsafeRawBufferPointer(rebasing: text[..<gap.place.lowerBound]), filled.array(),
            UnsafeRawBufferPointer(rebasing: text[gap.place.upperBound...])
        )
    }

    /// Where the schema of a frame lacks a refId; nil where it has one, or where there is no schema.
    private static func gap(_ walk: inout JSONWalk) -> Gap? {
        guard walk.enter() else { return nil }
        repeat {
            let key = walk.key()
            if key.elementsEqual("schema".utf8), walk.byte == UInt8(ascii: "{") { return schemaGap(&walk) }
            walk.skipValue()
        } while walk.next()
        return nil
    }

    private static func schemaGap(_ walk: inout JSONWalk) -> Gap? {
        let start = walk.index + 1
        guard walk.enter() else { return (start..<start, .whole(isOnly: true)) }
        repeat {
            let isRefID = walk.key().elementsEqual("refId".utf8)
            let value = walk.skipValue()
            // Two quotes, or null.
            guard isRefID else { continue }
            guard value.count == 2 || walk.isNull(value) else { return nil }
            return (value, .value)
        } while walk.next()
        return (start..<start, .whole(isOnly: false))
    }
}

/// Steps over the members of objects in a text that is known to be JSON; still checks every access.
private struct JSONWalk {
    private let bytes: UnsafeRawBufferPointer
    private(set) var index = 0

    /// Starts at the first byte that isn't white space.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        skipSpace()
    }

    /// The byte at the index, 0 at the end.
    var byte: UInt8 { index < bytes.count ? bytes[index] : 0 }

    func isNull(_ value: Range<Int>) -> Bool { bytes[value].first == UInt8(ascii: "n") }

    private mutating func skipSpace() {
        while byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index &+= 1 }
    }

    /// Goes into an object; false when it is empty.
    mutating func enter() -> Bool {
        index &+= 1
        skipSpace()
        return byte == UInt8(ascii: "\"")
    }

    /// Goes to the next member; false when there is none.
    mutating func next() -> Bool {
        skipSpace()
        guard byte == UInt8(ascii: ",") else { return false }
        index &+= 1
        skipSpace()
        return byte == UInt8(ascii: "\"")
    }

    /// Passes over a key and its colon; gives the bytes between its quotes.
    mutating func key() -> Slice<UnsafeRawBufferPointer> {
        let start = index &+ 1
        skipString()
        let key = bytes[min(start, bytes.count)..<max(min(start, bytes.count), index &- 1)]
        skipSpace()
        index &+= 1
        skipSpace()
        return key
    }

    /// Passes over a value; gives its place.
    @discardableResult
    mutating func skipValue() -> Range<Int> {
        let start = index
        var depth = 0
        repeat {
            switch byte {
            case UInt8(ascii: "\""):
                skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth &+= 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth &-= 1
            default: break
            }
            index &+= 1
        } while index < bytes.count && (depth > 0 || !endsValue(byte, start))
        return start..<index
    }

    /// Whether a value that is no container, or whose containers are closed, ends before this byte.
    private func endsValue(_ byte: UInt8, _ start: Int) -> Bool {
        switch bytes[start] {
        case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["): true
        default: byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
        }
    }

    private mutating func skipString() {
        index &+= 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index &+= bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        index = min(index &+ 1, bytes.count)
    }
}
