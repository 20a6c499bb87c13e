import Bytes

// Typed access to members: a wrong type is a 400 that names the field. A missing member and null are both "not given".

extension JSONValue {
    /// The string member of this name; nil if it isn't given.
    package func string(_ key: String, in path: String = "") throws(GatewayError) -> String? {
        try field(key, path, "a string", \.asString)
    }

    /// The boolean member of this name; nil if it isn't given.
    package func bool(_ key: String, in path: String = "") throws(GatewayError) -> Bool? {
        try field(key, path, "true or false", \.asBool)
    }

    /// The integer member of this name; nil if it isn't given.
    ///
    /// A fraction or more than 64 bits is an error.
    package func int(_ key: String, in path: String = "") throws(GatewayError) -> Int? {
        try field(key, path, "an integer of 64 bits", \.asInt)
    }

    /// The array member of this name; nil if it isn't given.
    package func array(_ key: String, in path: String = "") throws(GatewayError) -> [JSONValue]? {
        try field(key, path, "an array", \.asArray)
    }

    /// The object member of this name; nil if it isn't given.
    package func object(_ key: String, in path: String = "") throws(GatewayError) -> JSONObject? {
        try field(key, path, "an object", \.asObject)
    }

    /// The string member of this name, which must be given.
    package func requiredString(_ key: String, in path: String = "") throws(GatewayError) -> String {
        guard let value = try string(key, in: path) else { throw .badField(.required(Self.join(path, key))) }
        return value
    }

    private func field<T>(
        _ key: String, _ path: String, _ expected: String, _ convert: (JSONValue) -> T?
    ) throws(GatewayError) -> T? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let converted = convert(value) else {
            throw .badField(.wrongType(Self.join(path, key), expected: expected, found: value.typeName))
        }
        return converted
    }
}
