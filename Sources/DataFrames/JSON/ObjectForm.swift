import Bytes

/// Reads an object the way Go reads a struct (keys without regard to case, null as absent, unknown keys dropped) and writes
/// the known members in the struct's order.
struct ObjectForm {
    private let members: [SmallJSON.Member]
    private let place: String
    private var isFirst = true

    /// Takes an object, or a null as an empty one; `place` is its path for messages.
    init(_ value: SmallJSON, _ place: String) throws(FrameError) {
        switch value {
        case .object(let members): self.members = members
        case .null: members = []
        default: throw FrameError("\(place) must be an object, it is \(value.kindName)")
        }
        self.place = place
    }

    /// The last member of that name that is not null.
    func find(_ key: StaticString) -> SmallJSON? {
        for member in members.reversed() {
            if case .null = member.value { continue }
            if Self.isNamed(member, key) { return member.value }
        }
        return nil
    }

    private static func isNamed(_ member: SmallJSON.Member, _ key: StaticString) -> Bool {
        let size = key.utf8CodeUnitCount
        guard member.key.count == size else { return false }
        return (0..<size).allSatisfy { fold(member.key[$0]) == fold(key.utf8Start[$0]) }
    }

    private static func fold(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// All members as they came.
    var all: [SmallJSON.Member] { members }

    /// Writes a key and its colon, with the comma before it.
    mutating func key(_ key: StaticString, to out: inout ByteWriter) {
        out.append(isFirst ? "\"" : ",\"" as StaticString)
        out.append(key)
        out.append("\":" as StaticString)
        isFirst = false
    }

    /// An error about a member.
    func wrong(_ key: StaticString, _ value: SmallJSON, wanted: StaticString) -> FrameError {
        FrameError("\(place).\(key) must be \(wanted), it is \(value.kindName)")
    }

    func string(_ key: StaticString) throws(FrameError) -> [UInt8]? {
        guard let value = find(key) else { return nil }
        guard case .string(let text) = value else { throw wrong(key, value, wanted: "a string") }
        return text
    }

    func number(_ key: StaticString) throws(FrameError) -> Double? {
        guard let value = find(key) else { return nil }
        guard case .number(let number) = value else { throw wrong(key, value, wanted: "a number") }
        return number
    }

    func whole(_ key: StaticString, _ range: ClosedRange<Double>) throws(FrameError) -> Double? {
        guard let number = try number(key) else { return nil }
        guard number.rounded(.towardZero) == number, range.contains(number) else {
            throw FrameError("\(place).\(key) must be a whole number that fits its type")
        }
        return number
    }

    func bool(_ key: StaticString) throws(FrameError) -> Bool? {
        guard let value = find(key) else { return nil }
        guard case .bool(let flag) = value else { throw wrong(key, value, wanted: "true or false") }
        return flag
    }

    func list(_ key: StaticString) throws(FrameError) -> [SmallJSON]? {
        guard let value = find(key) else { return nil }
        guard case .array(let elements) = value else { throw wrong(key, value, wanted: "a list") }
        return elements
    }

    /// Writes a string member unless it is absent or empty.
    mutating func writeString(_ key: StaticString, to out: inout ByteWriter, evenEmpty: Bool = false) throws(FrameError)
    {
        let text = try string(key) ?? []
        guard evenEmpty || !text.isEmpty else { return }
        self.key(key, to: &out)
        text.withUnsafeBytes { out.appendJSONString($0) }
    }

    /// Writes a number member unless it is absent (or zero, where zero means unset).
    mutating func writeNumber(
        _ key: StaticString, to out: inout ByteWriter, omitsZero: Bool = false
    ) throws(FrameError) {
        guard let value = try number(key), !(omitsZero && value == 0) else { return }
        self.key(key, to: &out)
        out.append(number: value)
    }

    /// Writes a boolean member unless it is absent (or false, where false means unset).
    mutating func writeBool(
        _ key: StaticString, to out: inout ByteWriter, omitsFalse: Bool = false
    ) throws(FrameError) {
        guard let value = try bool(key), value || !omitsFalse else { return }
        self.key(key, to: &out)
        out.append(value ? "true" : "false" as StaticString)
    }

    /// Writes a member of any shape; `mustBeObject` refuses everything but objects and leaves an empty one out.
    mutating func writeAny(
        _ key: StaticString, to out: inout ByteWriter, mustBeObject: Bool = false
    ) throws(FrameError) {
        guard let value = find(key) else { return }
        if mustBeObject {
            guard case .object(let inner) = value else { throw wrong(key, value, wanted: "an object") }
            if inner.isEmpty { return }
        }
        self.key(key, to: &out)
        value.write(to: &out)
    }

    /// Writes a list of strings unless it is absent or empty; with `evenEmpty` an empty one and a null stay what they are.
    mutating func writeStrings(
        _ key: StaticString, to out: inout ByteWriter, evenEmpty: Bool = false
    ) throws(FrameError) {
        guard let elements = try list(key), !elements.isEmpty else {
            let isNull = find(key) == nil
            guard evenEmpty, !isNull || members.contains(where: { Self.isNamed($0, key) }) else { return }
            self.key(key, to: &out)
            return out.append(isNull ? "null" : "[]" as StaticString)
        }
        self.key(key, to: &out)
        for (index, element) in elements.enumerated() {
            out.append(index == 0 ? "[" : "," as StaticString)
            switch element {
            case .string(let text): text.withUnsafeBytes { out.appendJSONString($0) }
            case .null: out.append("\"\"" as StaticString)
            default: throw wrong(key, element, wanted: "a list of strings")
            }
        }
        out.append(UInt8(ascii: "]"))
    }

    /// Writes a list, each element by `body`, unless it is absent or empty.
    mutating func writeList(
        _ key: StaticString, to out: inout ByteWriter,
        _ body: (SmallJSON, String, inout ByteWriter) throws(FrameError) -> Void
    ) throws(FrameError) {
        guard let elements = try list(key), !elements.isEmpty else { return }
        self.key(key, to: &out)
        for (index, element) in elements.enumerated() {
            out.append(index == 0 ? "[" : "," as StaticString)
            try body(element, "\(place).\(key)[\(index)]", &out)
        }
        out.append(UInt8(ascii: "]"))
    }
}
