/// A request path as its segments: split on raw slashes first, percent-decoded after that.
///
/// The same segments serve matching and authorization. An encoded slash is data inside its segment; empty segments
/// are kept, so `//` equals no pattern. The raw bytes stay available, since what is passed on is never re-encoded.
package struct CanonicalPath: Sendable, Hashable {
    /// What makes a path unfit for the prefixes the gateway owns; such a request is a 400 there.
    package struct Flaws: OptionSet, Sendable, Hashable {
        /// The set as bits.
        package let rawValue: UInt8
        /// Creates a set from bits.
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A NUL byte, raw or encoded.
        package static let nul = Flaws(rawValue: 1)
        /// A raw backslash.
        package static let backslash = Flaws(rawValue: 2)
        /// A percent sign without two hexadecimal digits.
        package static let badPercent = Flaws(rawValue: 4)
        /// A segment that is `.` or `..`, raw or encoded.
        package static let dotSegment = Flaws(rawValue: 8)
        /// No slash at the beginning.
        package static let notAbsolute = Flaws(rawValue: 16)
    }

    struct Segment: Hashable {
        var raw: Range<Int>
        var decoded: Range<Int>
    }

    /// The path as it came, without the query.
    package let raw: [UInt8]
    /// What is wrong with it.
    package let flaws: Flaws
    /// The decoded bytes; the raw ones if nothing was encoded.
    private let decoded: [UInt8]
    private let segments: [Segment]

    /// Takes a path apart; never fails, see `flaws`.
    package init(_ raw: [UInt8]) {
        self.raw = raw
        var flaws: Flaws = raw.first == 0x2F ? [] : .notAbsolute
        var decoded: [UInt8] = []
        let isEncoded = raw.contains(0x25)
        if isEncoded { decoded.reserveCapacity(raw.count) }
        var segments: [Segment] = []
        segments.reserveCapacity(12)
        var start = raw.first == 0x2F ? 1 : 0
        while start <= raw.count {
            var end = start
            let decodedStart = isEncoded ? decoded.count : start
            while end < raw.count, raw[end] != 0x2F {
                var byte = raw[end]
                if byte == 0x5C { flaws.insert(.backslash) }
                var length = 1
                if byte == 0x25 {
                    if let value = Self.percent(raw, at: end) {
                        byte = value
                        length = 3
                    } else {
                        flaws.insert(.badPercent)
                    }
                }
                if byte == 0 { flaws.insert(.nul) }
                if isEncoded { decoded.append(byte) }
                end += length
            }
            let place = decodedStart..<(isEncoded ? decoded.count : end)
            if Self.isDots(isEncoded ? decoded[place] : raw[place]) { flaws.insert(.dotSegment) }
            segments.append(Segment(raw: start..<end, decoded: place))
            start = end + 1
        }
        self.flaws = flaws
        self.decoded = isEncoded ? decoded : raw
        self.segments = segments
    }

    /// Takes the path of a text apart.
    package init(_ text: String) { self.init(Array(text.utf8)) }

    /// The number of segments; `/` has one, which is empty.
    package var count: Int { segments.count }

    /// The decoded bytes of a segment; empty outside the bounds.
    package subscript(index: Int) -> ArraySlice<UInt8> {
        guard segments.indices.contains(index) else { return [] }
        return decoded[segments[index].decoded]
    }

    /// The decoded text of a segment; invalid UTF-8 becomes U+FFFD, so compare bytes where it matters.
    package func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

    /// Whether a segment is exactly these bytes.
    @inline(__always)
    package func segment(_ index: Int, equals bytes: [UInt8]) -> Bool {
        guard segments.indices.contains(index) else { return false }
        let place = segments[index].decoded
        guard place.count == bytes.count else { return false }
        for offset in 0..<bytes.count where decoded[place.lowerBound + offset] != bytes[offset] { return false }
        return true
    }

    /// Whether a segment has no bytes; true outside the bounds.
    package func isEmpty(_ index: Int) -> Bool {
        segments.indices.contains(index) ? segments[index].decoded.isEmpty : true
    }

    /// The raw bytes from a segment to the end, slashes included; empty outside the bounds.
    package func rawSuffix(from index: Int) -> ArraySlice<UInt8> {
        guard segments.indices.contains(index) else { return [] }
        return raw[segments[index].raw.lowerBound...]
    }

    /// The 400 for a path with flaws; nil for a sound one.
    package var refusal: GatewayError? {
        if flaws.isEmpty { return nil }
        var words: [String] = []
        if flaws.contains(.nul) { words.append("a NUL byte") }
        if flaws.contains(.backslash) { words.append("a backslash") }
        if flaws.contains(.badPercent) { words.append("a percent sign without two hexadecimal digits") }
        if flaws.contains(.dotSegment) { words.append("a dot segment") }
        if flaws.contains(.notAbsolute) { words.append("no slash at its beginning") }
        let list = words.joined(separator: " and ")
        return GatewayError(.badRequest, "the path has \(list); send the path in its plain form")
    }

    /// The byte that a percent escape means; nil if it isn't one.
    static func percent(_ bytes: [UInt8], at index: Int) -> UInt8? {
        guard index + 2 < bytes.count, let high = hexDigitValue(bytes[index + 1]),
            let low = hexDigitValue(bytes[index + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func isDots(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count <= 2 && !bytes.isEmpty && bytes.allSatisfy { $0 == 0x2E }
    }
}
