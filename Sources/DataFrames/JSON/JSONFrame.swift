import Bytes

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
        var scanner = JSONScanner(text, maxDepth: JSONValidator.maximumDepth, keepsInvalidText: true)
        guard scanner.peek() == UInt8(ascii: "{") else { throw FrameError("it is a JSON value, but not an object") }
        do throws(JSONError) { gap = try Self.gap(&scanner) } catch {
            throw FrameError("it is not exactly one JSON value")
        }
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
    private static func gap(_ scanner: inout JSONScanner) throws(JSONError) -> Gap? {
        guard try scanner.enter() else { return nil }
        repeat {
            if try scanner.key(is: "schema"), scanner.peek() == UInt8(ascii: "{") { return try schemaGap(&scanner) }
            _ = try scanner.value()
        } while try scanner.next(inObject: true)
        return nil
    }

    private static func schemaGap(_ scanner: inout JSONScanner) throws(JSONError) -> Gap? {
        let start = scanner.offset + 1
        guard try scanner.enter() else { return (start..<start, .whole(isOnly: true)) }
        repeat {
            let isRefID = try scanner.key(is: "refId")
            let isNull = scanner.peek() == UInt8(ascii: "n")
            let value = try scanner.value()
            // Two quotes, or null.
            guard isRefID else { continue }
            guard value.count == 2 || isNull else { return nil }
            return (value, .value)
        } while try scanner.next(inObject: true)
        return (start..<start, .whole(isOnly: false))
    }
}
