import Bytes

extension JSONPatch {
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
        var operations: [Operation] = []
        operations.reserveCapacity(list.count)
        for (index, entry) in list.enumerated() { operations.append(try Operation(entry, place: "[\(index)]")) }
        self.init(operations: operations)
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
}
