import Bytes

/// One entry of `spec.services`, keyed by type, method and path.
package struct ServiceEntry: Sendable, Hashable {
    /// What tells entries apart.
    package struct Key: Sendable, Hashable {
        /// The word for the type.
        package var type: String
        /// The method of a route.
        package var method: String
        /// The path of a route.
        package var path: String

        /// The key as JSON, for messages.
        package var json: JSONValue { ["type": .string(type), "method": .string(method), "path": .string(path)] }
    }

    /// The word for the type; a known one is in its present spelling.
    package var type: String
    /// The HTTP method of a route; empty means any.
    package var method: String
    /// The path pattern of a route.
    package var path: String
    /// What bounds the requests of this service; nil where none is given.
    package var limits: ServiceLimits?

    /// Creates an entry; old spellings of the type become the present one.
    package init(type: String, method: String = "", path: String = "", limits: ServiceLimits? = nil) {
        self.type = ServiceType(type)?.rawValue ?? type
        self.method = method
        self.path = path
        self.limits = limits
    }

    /// The type, if it is a known one.
    package var serviceType: ServiceType? { ServiceType(type) }
    /// What tells it from other entries.
    package var key: Key { Key(type: type, method: method, path: path) }

    /// What a route claims; nil for every other type and for a path that is no pattern.
    package var routeClaim: RouteClaim? {
        guard serviceType == .route, let pattern = try? RoutePattern(path) else { return nil }
        return RouteClaim(pattern: pattern, method: method)
    }
}

extension ServiceEntry {
    /// Reads an entry; a wrong type is a 400 that names the field.
    init(_ json: JSONValue, path: String) throws(GatewayError) {
        guard json.asObject != nil else {
            throw .badField(.wrongType(path, expected: "an object", found: json.typeName))
        }
        self.init(
            type: try json.string("type", in: path) ?? "", method: try json.string("method", in: path) ?? "",
            path: try json.string("path", in: path) ?? "", limits: try ServiceLimits(in: json, path: path))
    }

    /// The entry as JSON; the parts of its key are always there.
    var json: JSONValue {
        var json = key.json
        if let limits { json["limits"] = limits.json }
        return json
    }
}
