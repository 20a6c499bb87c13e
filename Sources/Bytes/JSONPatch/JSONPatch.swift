/// A JSON patch (RFC 6902): what has to be done to a document, in order.
package struct JSONPatch: Sendable, Hashable {
    /// The most operations a patch may have.
    package static let operationLimit = 10_000

    /// The words of RFC 6902.
    package enum Verb: String, Sendable, Hashable, CaseIterable {
        case add, remove, replace, move, copy, test
    }

    /// One operation.
    package struct Operation: Sendable, Hashable {
        /// What is done.
        package var verb: Verb
        /// Where it is done.
        package var path: JSONPointer
        /// Where `move` and `copy` take the value from.
        package var from: JSONPointer?
        /// The value of `add`, `replace` and `test`.
        package var value: JSONValue?

        /// Creates an operation.
        package init(_ verb: Verb, _ path: JSONPointer, from: JSONPointer? = nil, value: JSONValue? = nil) {
            self.verb = verb
            self.path = path
            self.from = from
            self.value = value
        }
    }

    /// The operations in the order they are done.
    package var operations: [Operation]

    /// Creates a patch of operations.
    package init(operations: [Operation]) { self.operations = operations }

    /// Whether nothing is to be done.
    package var isEmpty: Bool { operations.isEmpty }

    /// The JSON text: an array, compact, members in the order op, path, from, value.
    package func bytes() -> [UInt8] {
        var out: [UInt8] = [0x5B]
        for (index, operation) in operations.enumerated() {
            if index > 0 { out.append(0x2C) }
            operation.write(to: &out)
        }
        out.append(0x5D)
        return out
    }
}

extension JSONPatch.Operation {
    func write(to out: inout [UInt8]) {
        out += #"{"op":""#.utf8
        out += verb.rawValue.utf8
        out += #"","path":"#.utf8
        JSONText.appendQuoted(path.description, to: &out, escapeHTML: false)
        if let from {
            out += #","from":"#.utf8
            JSONText.appendQuoted(from.description, to: &out, escapeHTML: false)
        }
        if let value {
            out += #","value":"#.utf8
            value.write(to: &out)
        }
        out.append(0x7D)
    }
}
