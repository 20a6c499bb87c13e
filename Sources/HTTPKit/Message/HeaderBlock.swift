/// Header fields as the peer sent them: one block of bytes and where each field lies in it.
///
/// Values stay bytes, so nothing that isn't UTF-8 is lost; order and spelling are kept.
package struct HeaderBlock: Sendable {
    /// One field's place in the block.
    package struct Field: Sendable {
        var nameStart: Int32
        var nameEnd: Int32
        var valueStart: Int32
        var valueEnd: Int32
        /// What the name is, where the gateway cares.
        package var known: KnownHeader
    }

    /// The bytes that the fields point into.
    package internal(set) var storage: [UInt8]
    /// The fields in the order they came in.
    package internal(set) var fields: [Field]
    /// The known names that there are, one bit each; of fields that were taken out they stay.
    private var names: UInt64 = 0

    /// An empty block.
    package init() { self.init(storage: [], fields: []) }

    /// A block of fields that were found in bytes.
    package init(storage: [UInt8], fields: [Field]) {
        self.storage = storage
        self.fields = fields
        for field in fields { note(field.known) }
    }

    /// A field of this name is there.
    mutating func note(_ known: KnownHeader) { names |= 1 << UInt64(known.rawValue) }

    /// Whether there may be a field of a known name: told without looking at the fields.
    @inline(__always)
    package func mayHave(_ known: KnownHeader) -> Bool { names & 1 << UInt64(known.rawValue) != 0 }

    /// Calls `body` with a field's name.
    @inline(__always)
    package func withName<R>(_ field: Field, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        storage.withUnsafeBytes { body(Self.slice($0, field.nameStart, field.nameEnd)) }
    }

    /// Calls `body` with a field's value.
    @inline(__always)
    package func withValue<R>(_ field: Field, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        storage.withUnsafeBytes { body(Self.slice($0, field.valueStart, field.valueEnd)) }
    }

    /// A field's name as text.
    package func name(_ field: Field) -> String { withName(field) { String(decoding: $0, as: UTF8.self) } }

    /// A field's value as text; bytes that aren't UTF-8 become U+FFFD.
    package func value(_ field: Field) -> String { withValue(field) { String(decoding: $0, as: UTF8.self) } }

    /// The first field of a known name.
    package func first(_ known: KnownHeader) -> Field? {
        mayHave(known) ? fields.first { $0.known == known } : nil
    }

    /// The first value of a known name as text.
    package func firstValue(_ known: KnownHeader) -> String? { first(known).map(value) }

    /// The first value of a name (lower case) as text.
    package func firstValue(named name: StaticString) -> String? {
        fields.first { field in withName(field) { $0.equalsIgnoringCase(name) } }.map(value)
    }

    /// Whether any field of this name lists the token, as in `Connection: a, token`; the token in lower case.
    package func has(_ known: KnownHeader, token: StaticString) -> Bool {
        guard mayHave(known) else { return false }
        for field in fields where field.known == known {
            if withValue(field, { Self.list($0) { $0.equalsIgnoringCase(token) } }) { return true }
        }
        return false
    }

    /// Whether any element of a comma separated list satisfies the predicate.
    static func list(_ value: UnsafeRawBufferPointer, _ matches: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var start = 0
        for index in 0...value.count where index == value.count || value[index] == UInt8(ascii: ",") {
            var low = start
            var high = index
            while low < high, value[low] == 0x20 || value[low] == 0x09 { low += 1 }
            while high > low, value[high - 1] == 0x20 || value[high - 1] == 0x09 { high -= 1 }
            if high > low, matches(UnsafeRawBufferPointer(rebasing: value[low..<high])) { return true }
            start = index + 1
        }
        return false
    }

    /// The part of the bytes between two places that the parser found; empty when they don't fit.
    @inline(__always)
    static func slice(_ bytes: UnsafeRawBufferPointer, _ start: Int32, _ end: Int32) -> UnsafeRawBufferPointer {
        guard start >= 0, end >= start, Int(end) <= bytes.count else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(end)])
    }
}
