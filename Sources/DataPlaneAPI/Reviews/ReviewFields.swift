import Bytes

/// The members of one JSON object of a review, by their places in the body: large parts are never decoded.
///
/// A key that is given twice is refused: the gateway and the plugin could otherwise take different values.
struct ReviewFields {
    /// The deepest an object inside a review may be, as for the bodies of the API server.
    static let objectDepth = 128

    private let bytes: [UInt8]
    private let path: String
    /// By the bytes of the key.
    private let places: [[UInt8]: Range<Int>]

    /// Reads a whole text, which must be one JSON object; `path` is put before the names of fields in errors.
    init(whole bytes: [UInt8], maxDepth: Int, path: String = "") throws(GatewayError) {
        let range = try Self.scan(bytes, path) { (raw) throws(JSONError) in
            var scanner = JSONScanner(raw, maxDepth: maxDepth)
            return try scanner.wholeValue()
        }
        try self.init(bytes, range, path)
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>, _ path: String) throws(GatewayError) {
        self.bytes = bytes
        self.path = path
        guard bytes[range].first == 0x7B else {
            let place = path.isEmpty ? "the body" : path
            throw .badField(.wrongType(place, expected: "an object", found: Self.typeName(bytes[range].first)))
        }
        var repeated: String?
        places = try Self.scan(bytes, path) { (raw) throws(JSONError) in
            var scanner = JSONScanner(raw)
            scanner.lexer.position = range.lowerBound
            var places: [[UInt8]: Range<Int>] = [:]
            let keys = scanner
            try scanner.members(path: path) { (member) throws(JSONError) in
                let key = keys.key(of: member)
                if places.updateValue(member.value, forKey: Array(key.utf8)) != nil { repeated = repeated ?? key }
            }
            return places
        }
        if let repeated {
            throw .badField(
                StatusCause(
                    field: JSONValue.join(path, repeated), reason: "FieldValueDuplicate",
                    message: "Duplicate value: \(JSONError.Problem.duplicateKey.rawValue)"))
        }
    }

    /// The path of a member, for errors.
    func name(_ key: String) -> String { JSONValue.join(path, key) }

    /// The value of a member; nil if it isn't given or null.
    func value(_ key: String) throws(GatewayError) -> JSONValue? {
        guard let range = place(key) else { return nil }
        do throws(JSONError) { return try JSONValue.parse(Array(bytes[range])) } catch {
            var error = error
            error.path = error.path.isEmpty ? name(key) : JSONValue.join(name(key), error.path)
            throw error.badRequest
        }
    }

    /// All of the named members as one value, for the typed access that values have.
    func values(_ keys: [String]) throws(GatewayError) -> JSONValue {
        var json = JSONObject()
        for key in keys { json[key] = try value(key) }
        return .object(json)
    }

    /// The members of an object member; nil if it isn't given or null.
    func object(_ key: String) throws(GatewayError) -> ReviewFields? {
        guard let range = place(key) else { return nil }
        return try ReviewFields(bytes, range, name(key))
    }

    /// The bytes of an object member as they were sent; nil if it isn't given or null.
    func rawObject(_ key: String) throws(GatewayError) -> ArraySlice<UInt8>? {
        guard let range = place(key) else { return nil }
        guard bytes[range].first == 0x7B else {
            throw .badField(
                .wrongType(name(key), expected: "an object", found: Self.typeName(bytes[range].first)))
        }
        return bytes[range]
    }

    /// The entries of an array member, each of which must be an object; nil if it isn't given or null.
    func objects(_ key: String) throws(GatewayError) -> [(raw: ArraySlice<UInt8>, fields: ReviewFields)]? {
        guard let range = place(key) else { return nil }
        guard bytes[range].first == 0x5B else {
            throw .badField(.wrongType(name(key), expected: "an array", found: Self.typeName(bytes[range].first)))
        }
        let entries = try Self.scan(bytes, name(key)) { (raw) throws(JSONError) in
            var scanner = JSONScanner(raw)
            scanner.lexer.position = range.lowerBound
            var entries: [Range<Int>] = []
            try scanner.elements(path: name(key)) { (_, entry) throws(JSONError) in entries.append(entry) }
            return entries
        }
        var result: [(raw: ArraySlice<UInt8>, fields: ReviewFields)] = []
        for (index, entry) in entries.enumerated() {
            result.append((bytes[entry], try ReviewFields(bytes, entry, "\(name(key))[\(index)]")))
        }
        return result
    }

    private func place(_ key: String) -> Range<Int>? {
        guard let range = places[Array(key.utf8)], bytes[range].first != 0x6E else { return nil }
        return range
    }

    private static func scan<T>(
        _ bytes: [UInt8], _ path: String, _ body: (UnsafeRawBufferPointer) throws(JSONError) -> T
    ) throws(GatewayError) -> T {
        let result = bytes.withUnsafeBytes { (raw) -> Result<T, JSONError> in
            do throws(JSONError) { return .success(try body(raw)) } catch { return .failure(error) }
        }
        do throws(JSONError) { return try result.get() } catch { throw error.badRequest }
    }

    private static func typeName(_ byte: UInt8?) -> String {
        switch byte {
        case 0x22: "a string"
        case 0x7B: "an object"
        case 0x5B: "an array"
        case 0x74, 0x66: "a boolean"
        case 0x6E: "null"
        default: "a number"
        }
    }
}
