import Bytes

/// A JSON value of a frame's metadata.
///
/// Only meta, config and labels are read into a tree: they are small, and the answer holds
/// them in another form than the plugin's file does.
indirect enum SmallJSON {
    case null
    case bool(Bool)
    case number(Double)
    case string([UInt8])
    case array([SmallJSON])
    case object([Member])

    struct Member {
        var key: [UInt8]
        var value: SmallJSON
    }

    /// The word for the kind of value, for messages.
    var kindName: StaticString {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// Writes the value as Go writes a decoded `any`: numbers as doubles, keys in byte order, of equal keys the last.
    func write(to out: inout ByteWriter) {
        switch self {
        case .null: out.append("null" as StaticString)
        case .bool(let value): out.append(value ? "true" : "false" as StaticString)
        case .number(let value): out.append(number: value)
        case .string(let value): value.withUnsafeBytes { out.appendJSONString($0) }
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                element.write(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in Self.sorted(members).enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                member.key.withUnsafeBytes { out.appendJSONString($0) }
                out.append(UInt8(ascii: ":"))
                member.value.write(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    /// Members in byte order of their keys, of equal keys only the last.
    static func sorted(_ members: [Member]) -> [Member] {
        let order = members.indices.sorted { left, right in
            let one = members[left].key
            let other = members[right].key
            return one == other ? left < right : one.lexicographicallyPrecedes(other)
        }
        var result: [Member] = []
        result.reserveCapacity(order.count)
        for index in order {
            if result.last?.key == members[index].key { result.removeLast() }
            result.append(members[index])
        }
        return result
    }
}
