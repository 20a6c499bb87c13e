import Bytes

/// The `request` of an admission review.
///
/// `object`, `oldObject` and `options` are the bytes as they were sent: parts of the body, never written anew.
package struct AdmissionReviewRequest: Sendable, Hashable {
    /// What is done to the object.
    package enum Operation: String, Sendable, Hashable, CaseIterable {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
        case connect = "CONNECT"

        /// The number in pluginv2; CONNECT's is outside of its enum, as in Grafana.
        package var number: Int32 {
            switch self {
            case .create: 0
            case .update: 1
            case .delete: 2
            case .connect: 3
            }
        }
    }

    /// Who does it.
    package struct User: Sendable, Hashable {
        /// The name.
        package var username = ""
        /// The uid.
        package var uid = ""
        /// The groups.
        package var groups: [String] = []
        /// What the authenticator adds.
        package var extra: [String: [String]] = [:]
    }

    /// What the answer is recognised by.
    package var uid: String
    /// What is done.
    package var operation: Operation
    /// The object's type.
    package var kind: GroupVersionKind
    /// The object's resource.
    package var resource: GroupVersionResource
    /// The subresource, such as `status`; empty for the object itself.
    package var subResource: String
    /// The type the client used, where that isn't `kind`.
    package var requestKind: GroupVersionKind?
    /// The resource the client used, where that isn't `resource`.
    package var requestResource: GroupVersionResource?
    /// The subresource the client used.
    package var requestSubResource: String
    /// The object's name; empty while it isn't known.
    package var name: String
    /// The object's namespace; empty for cluster-wide objects.
    package var namespace: String
    /// Whether nothing will be stored.
    package var dryRun: Bool
    /// Who does it.
    package var user: User
    /// The new object; for CONNECT its options; nil for DELETE.
    package var object: ArraySlice<UInt8>?
    /// The object as it is; nil for CREATE and CONNECT.
    package var oldObject: ArraySlice<UInt8>?
    /// The options of the operation.
    package var options: ArraySlice<UInt8>?
}

extension AdmissionReviewRequest {
    /// Reads the `request` of a review.
    init(_ fields: ReviewFields) throws(GatewayError) {
        let json = try fields.values([
            "uid", "operation", "kind", "resource", "subResource", "requestKind", "requestResource",
            "requestSubResource", "name", "namespace", "dryRun", "userInfo",
        ])
        uid = try Review.uid(json)
        let word = try json.requiredString("operation", in: "request")
        guard let operation = Operation(rawValue: word) else {
            throw .badField(.notSupported("request.operation", word, supported: Operation.allCases.map(\.rawValue)))
        }
        self.operation = operation
        // Plugins read the kind without asking whether it is there.
        guard let kind = try GroupVersionKind(json, "kind"), !kind.kind.isEmpty else {
            throw .badField(.required("request.kind", "group, version and kind of the object"))
        }
        self.kind = kind
        resource =
            try GroupVersionResource(json, "resource") ?? GroupVersionResource(group: "", version: "", resource: "")
        subResource = try json.string("subResource", in: "request") ?? ""
        requestKind = try GroupVersionKind(json, "requestKind")
        requestResource = try GroupVersionResource(json, "requestResource")
        requestSubResource = try json.string("requestSubResource", in: "request") ?? ""
        name = try json.string("name", in: "request") ?? ""
        namespace = try json.string("namespace", in: "request") ?? ""
        dryRun = try json.bool("dryRun", in: "request") ?? false
        user = try User(json)
        let object = try fields.rawObject("object")
        // Nothing is left after a DELETE; whatever is sent there isn't what will be stored.
        self.object = operation == .delete ? nil : object
        oldObject = try fields.rawObject("oldObject")
        options = try fields.rawObject("options")
    }
}

extension AdmissionReviewRequest.User {
    fileprivate init(_ request: JSONValue) throws(GatewayError) {
        guard let object = try request.object("userInfo", in: "request") else { return }
        let json = JSONValue.object(object)
        let path = "request.userInfo"
        username = try json.string("username", in: path) ?? ""
        uid = try json.string("uid", in: path) ?? ""
        groups = try Self.strings(json["groups"], "\(path).groups")
        for member in try json.object("extra", in: path) ?? [:] {
            extra[member.key] = try Self.strings(member.value, "\(path).extra[\(member.key)]")
        }
    }

    private static func strings(_ json: JSONValue?, _ path: String) throws(GatewayError) -> [String] {
        guard let json, !json.isNull else { return [] }
        guard let list = json.asArray else {
            throw .badField(.wrongType(path, expected: "an array", found: json.typeName))
        }
        var result: [String] = []
        for (index, entry) in list.enumerated() {
            guard let text = entry.asString else {
                throw .badField(.wrongType("\(path)[\(index)]", expected: "a string", found: entry.typeName))
            }
            result.append(text)
        }
        return result
    }
}

extension GroupVersionKind {
    fileprivate init?(_ request: JSONValue, _ key: String) throws(GatewayError) {
        guard let object = try request.object(key, in: "request") else { return nil }
        let (json, path) = (JSONValue.object(object), "request.\(key)")
        self.init(
            group: try json.string("group", in: path) ?? "", version: try json.string("version", in: path) ?? "",
            kind: try json.string("kind", in: path) ?? "")
    }
}

extension GroupVersionResource {
    fileprivate init?(_ request: JSONValue, _ key: String) throws(GatewayError) {
        guard let object = try request.object(key, in: "request") else { return nil }
        let (json, path) = (JSONValue.object(object), "request.\(key)")
        self.init(
            group: try json.string("group", in: path) ?? "", version: try json.string("version", in: path) ?? "",
            resource: try json.string("resource", in: path) ?? "")
    }
}
