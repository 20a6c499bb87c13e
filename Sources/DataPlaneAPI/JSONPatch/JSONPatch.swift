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

    /// Reads a patch.
    ///
    /// - Throws: 400 for anything that isn't one, 413 for more than `operationLimit` operations.
    package init(_ json: JSONValue) throws(GatewayError) {
        guard let list = json.asArray else {
            throw GatewayError(.badRequest, "a JSON patch must be an array of operations, not \(json.typeName)")
        }
        guard list.count <= Self.operationLimit else {
            throw GatewayError(
                .payloadTooLarge,
                "Request entity too large: The allowed maximum operations in a JSON patch is \(Self.operationLimit), "
                    + "got \(list.count)")
        }
        operations = []
        operations.reserveCapacity(list.count)
        for (index, entry) in list.enumerated() { operations.append(try Operation(entry, place: "[\(index)]")) }
    }

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
    init(_ json: JSONValue, place: String) throws(GatewayError) {
        guard json.asObject != nil else {
            throw .badField(.wrongType(place, expected: "an object", found: json.typeName))
        }
        let word = try json.requiredString("op", in: place)
        guard let verb = JSONPatch.Verb(rawValue: word) else {
            throw .badField(
                .notSupported("\(place).op", word, supported: JSONPatch.Verb.allCases.map(\.rawValue)))
        }
        self.init(verb, try Self.pointer("path", of: json, place))
        switch verb {
        case .move, .copy: from = try Self.pointer("from", of: json, place)
        case .add, .replace, .test:
            guard let value = json["value"] else { throw .badField(.required("\(place).value")) }
            self.value = value
        case .remove: break
        }
    }

    private static func pointer(
        _ key: String, of json: JSONValue, _ place: String
    ) throws(GatewayError) -> JSONPointer {
        let text = try json.requiredString(key, in: place)
        guard let pointer = JSONPointer(text) else {
            throw .badField(
                .invalid("\(place).\(key)", string: text, "must begin with a slash, such as /spec/group"))
        }
        return pointer
    }

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
