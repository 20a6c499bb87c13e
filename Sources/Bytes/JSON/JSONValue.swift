/// A JSON value that keeps everything: number texts exactly, object keys in order, unknown keys.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// An empty object.
    package static var emptyObject: JSONValue { .object(JSONObject()) }

    /// A number from an integer.
    package static func int(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    /// The member of an object; nil for a missing key and for anything but an object.
    ///
    /// Setting nil removes the member. Setting a member of anything but an object replaces it by an object with this one member.
    package subscript(key: String) -> JSONValue? {
        get {
            guard case .object(let object) = self else { return nil }
            return object[key]
        }
        set {
            if case .object(var object) = self {
                self = .null
                object[key] = newValue
                self = .object(object)
            } else if let newValue {
                self = .object([key: newValue])
            }
        }
    }

    /// The entry of an array; nil outside its bounds and for anything but an array.
    package subscript(index: Int) -> JSONValue? {
        guard case .array(let list) = self, list.indices.contains(index) else { return nil }
        return list[index]
    }

    /// The text of a string.
    package var asString: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a number that is exactly an integer of 64 bits, also when written `1e3` or `2.0`.
    package var asInt: Int? {
        if case .number(let number) = self { number.exactInt } else { nil }
    }

    /// The value of a boolean.
    package var asBool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The entries of an array.
    package var asArray: [JSONValue]? {
        if case .array(let list) = self { list } else { nil }
    }

    /// The members of an object.
    package var asObject: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// Whether this is null.
    package var isNull: Bool { self == .null }

    /// The name of the JSON type with its article, for messages: `a string`, `an object`.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Whether both mean the same: numbers are compared by value, objects without regard to the order of keys.
    package func isEquivalent(to other: JSONValue) -> Bool {
        switch (self, other) {
        case (.number(let left), .number(let right)):
            return left.hasSameValue(as: right)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEquivalent(to: $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { member in right[member.key]?.isEquivalent(to: member.value) ?? false }
        default:
            return self == other
        }
    }
}

extension JSONValue {
    /// Whether both are written alike: strings byte by byte, numbers by their text, objects in any order.
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isIdentical(to: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// Makes a string.
    package init(stringLiteral value: String) { self = .string(value) }
    /// Makes a number.
    package init(integerLiteral value: Int) { self = .int(value) }
    /// Makes a boolean.
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// Makes an array.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Makes an object; of equal keys the last wins.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}

extension JSONValue {
    /// The path of a member: `spec` and `group` make `spec.group`.
    package static func join(_ path: String, _ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }
}
