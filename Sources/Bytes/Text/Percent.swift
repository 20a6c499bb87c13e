/// Percent escapes (RFC 3986 section 2.1), read and written.
package enum Percent {
    /// The byte that two hexadecimal digits mean; nil if they are none.
    @inline(__always)
    package static func byte(_ high: UInt8, _ low: UInt8) -> UInt8? {
        guard let high = hexDigitValue(high), let low = hexDigitValue(low) else { return nil }
        return high << 4 | low
    }

    /// The bytes of a text; nil where two hexadecimal digits don't follow a percent sign.
    ///
    /// - Parameter plusIsBlank: whether it is from a query, where `+` stands for a blank.
    package static func decode(_ text: some Sequence<UInt8>, plusIsBlank: Bool = false) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(text.underestimatedCount)
        var bytes = text.makeIterator()
        while let next = bytes.next() {
            switch next {
            case UInt8(ascii: "%"):
                guard let high = bytes.next(), let low = bytes.next(), let byte = byte(high, low) else { return nil }
                out.append(byte)
            case UInt8(ascii: "+"): out.append(plusIsBlank ? UInt8(ascii: " ") : next)
            default: out.append(next)
            }
        }
        return out
    }

    /// Appends bytes, with all but some in percent form.
    package static func append(_ bytes: some Sequence<UInt8>, keeping plain: PlainBytes, to out: inout [UInt8]) {
        for byte in bytes {
            if plain.contains(byte) {
                out.append(byte)
            } else {
                out.append(UInt8(ascii: "%"))
                out.append(digit(byte >> 4))
                out.append(digit(byte & 15))
            }
        }
    }

    /// Bytes with all but some in percent form.
    package static func encode(_ bytes: some Sequence<UInt8>, keeping plain: PlainBytes = .unreserved) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.underestimatedCount)
        append(bytes, keeping: plain, to: &out)
        return out
    }

    /// A text with all but some characters in percent form.
    package static func encode(_ text: String, keeping plain: PlainBytes = .unreserved) -> String {
        String(decoding: encode(text.utf8, keeping: plain), as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x37 &+ value }
}

/// Bytes that an encoder leaves as they are; of those beyond ASCII it leaves none.
package struct PlainBytes: Sendable {
    private let low: UInt64
    private let high: UInt64

    /// All that stand for themselves in every part of a URL.
    package static let unreserved = PlainBytes("-._~")
    /// What Go's URL type leaves in the segment of a path.
    package static let goSegment = PlainBytes("-_.~$&+,:;=@")
    /// The characters of a header's name but the percent sign, as Kubernetes has it.
    package static let headerName = PlainBytes("!#$&'*+-.^_`|~")
    /// Everything in ASCII.
    package static let ascii = PlainBytes(low: .max, high: .max)

    /// Letters and digits, and these.
    package init(_ others: StaticString) {
        var (low, high): (UInt64, UInt64) = (0, 0)
        func add(_ byte: UInt8) { if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte & 63) } }
        for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { add(byte) }
        for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { add(byte) }
        for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { add(byte) }
        others.withUTF8Buffer { for byte in $0 where byte < 128 { add(byte) } }
        self.init(low: low, high: high)
    }

    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Whether a byte is one of them.
    @inline(__always)
    package func contains(_ byte: UInt8) -> Bool {
        byte < 128 && (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
    }
}
