import Bytes

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

    /// The path as it came, without the query.
    package let raw: [UInt8]
    /// What is wrong with it.
    package let flaws: Flaws
    /// The decoded segments with slashes between them; the raw bytes if nothing was encoded.
    private let decoded: [UInt8]
    /// Where each segment ends in `decoded`; the next one starts after the slash.
    private let ends: [Int]

    /// Takes a path apart; never fails, see `flaws`.
    package init(_ raw: [UInt8]) {
        self.raw = raw
        let reading = raw.withUnsafeBufferPointer { Reading($0) }
        flaws = reading.flaws
        ends = reading.ends
        decoded = reading.decoded.isEmpty ? raw : reading.decoded
    }

    /// Equal bytes make equal paths.
    package static func == (left: CanonicalPath, right: CanonicalPath) -> Bool { left.raw == right.raw }

    /// Feeds the bytes.
    package func hash(into hasher: inout Hasher) { hasher.combine(raw) }

    /// Takes the path of a text apart.
    package init(_ text: String) { self.init(Array(text.utf8)) }

    /// The number of segments; `/` has one, which is empty.
    package var count: Int { ends.count }

    /// The decoded bytes of a segment; empty outside the bounds.
    package subscript(index: Int) -> ArraySlice<UInt8> { place(index).map { decoded[$0] } ?? [] }

    /// The decoded text of a segment; invalid UTF-8 becomes U+FFFD, so compare bytes where it matters.
    package func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

    /// Whether a segment is exactly these bytes.
    @inline(__always)
    package func segment(_ index: Int, equals bytes: [UInt8]) -> Bool {
        guard let place = place(index), place.count == bytes.count else { return false }
        for offset in 0..<bytes.count where decoded[place.lowerBound &+ offset] != bytes[offset] { return false }
        return true
    }

    /// Whether a segment has no bytes; true outside the bounds.
    package func isEmpty(_ index: Int) -> Bool { place(index)?.isEmpty ?? true }

    /// The raw bytes from a segment to the end, slashes included; empty outside the bounds.
    package func rawSuffix(from index: Int) -> ArraySlice<UInt8> {
        guard ends.indices.contains(index) else { return [] }
        var start = Self.start(raw)
        for _ in 0..<index {
            // A segment ends at the next raw slash; there is one, as there is a segment after it.
            start = (raw[start...].firstIndex(of: 0x2F) ?? raw.endIndex &- 1) &+ 1
        }
        return raw[start...]
    }

    @inline(__always)
    private func place(_ index: Int) -> Range<Int>? {
        guard index >= 0, index < ends.count else { return nil }
        return (index == 0 ? Self.start(raw) : ends[index &- 1] &+ 1)..<ends[index]
    }

    @inline(__always)
    private static func start(_ bytes: [UInt8]) -> Int { bytes.first == 0x2F ? 1 : 0 }

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

    /// One walk over the bytes of a path.
    private struct Reading {
        var flaws: Flaws = []
        var ends: [Int] = []
        /// Empty as long as nothing was encoded.
        var decoded: [UInt8] = []

        init(_ raw: UnsafeBufferPointer<UInt8>) {
            ends.reserveCapacity(12)
            if raw.first != 0x2F { flaws.insert(.notAbsolute) }
            let first = raw.first == 0x2F ? 1 : 0
            var start = first
            var index = first
            while index < raw.count {
                let byte = raw[index]
                if byte == 0x2F {
                    finish(raw, start, index)
                    start = index &+ 1
                } else if byte == 0x25 {
                    decode(raw, first)
                    return
                } else if byte == 0x5C {
                    flaws.insert(.backslash)
                } else if byte == 0 {
                    flaws.insert(.nul)
                }
                index &+= 1
            }
            finish(raw, start, index)
        }

        /// The same for a path with escapes, from its start.
        private mutating func decode(_ raw: UnsafeBufferPointer<UInt8>, _ first: Int) {
            ends.removeAll(keepingCapacity: true)
            // Decoding never makes a path longer: every byte written has one that was read.
            let decoded = [UInt8](unsafeUninitializedCapacity: raw.count) { out, count in
                if first == 1 { out[0] = 0x2F }
                var start = first
                var end = first
                var index = first
                while index < raw.count {
                    var byte = raw[index]
                    index &+= 1
                    if byte == 0x2F {
                        finish(UnsafeBufferPointer(out), start, end)
                        start = end &+ 1
                    } else if byte == 0x25 {
                        if index &+ 1 < raw.count, let escaped = Percent.byte(raw[index], raw[index &+ 1]) {
                            byte = escaped
                            index &+= 2
                        } else {
                            flaws.insert(.badPercent)
                        }
                    } else if byte == 0x5C {
                        flaws.insert(.backslash)
                    }
                    if byte == 0 { flaws.insert(.nul) }
                    out[end] = byte
                    end &+= 1
                }
                finish(UnsafeBufferPointer(out), start, end)
                count = end
            }
            self.decoded = decoded
        }

        @inline(__always)
        private mutating func finish(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) {
            ends.append(end)
            switch end &- start {
            case 1: if bytes[start] == 0x2E { flaws.insert(.dotSegment) }
            case 2: if bytes[start] == 0x2E, bytes[start &+ 1] == 0x2E { flaws.insert(.dotSegment) }
            default: break
            }
        }
    }
}
