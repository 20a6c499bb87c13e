import Bytes

/// What admission and conversion reviews have in common.
package enum Review {
    /// Checks the content type of a request with a review; parameters such as a charset are accepted.
    ///
    /// - Throws: 415 for any other type and for none.
    package static func checkContentType(_ value: String?) throws(GatewayError) {
        let type = (value ?? "").utf8.prefix { $0 != 0x3B }
        let trimmed = type.drop { $0 == 0x20 || $0 == 0x09 }.reversed().drop { $0 == 0x20 || $0 == 0x09 }.reversed()
        guard String(decoding: Array(trimmed), as: UTF8.self).lowercased() == "application/json" else {
            throw GatewayError(
                .unsupportedMediaType, "contentType=\(value ?? ""), expect application/json")
        }
    }

    /// Checks kind and API version of a review; returns the version.
    static func version(
        _ fields: ReviewFields, kind: String, supported: [String]
    ) throws(GatewayError) -> String {
        let head = try fields.values(["apiVersion", "kind"])
        let found = try head.requiredString("kind")
        guard found == kind else { throw .badField(.notSupported("kind", found, supported: [kind])) }
        let version = try head.requiredString("apiVersion")
        guard supported.contains(version) else {
            throw .badField(.notSupported("apiVersion", version, supported: supported))
        }
        return version
    }

    /// The uid of a request, which is what the answer is recognised by.
    static func uid(_ request: JSONValue) throws(GatewayError) -> String {
        let uid = try request.requiredString("uid", in: "request")
        guard !uid.isEmpty else { throw .badField(.required("request.uid")) }
        return uid
    }
}

/// The `result` of a plugin's answer to a review (pluginv2 `StatusResult`).
package struct ReviewResult: Sendable, Hashable {
    /// `Success`, `Failure` or empty.
    package var status: String
    /// A sentence for people.
    package var message: String
    /// One word in CamelCase.
    package var reason: String
    /// An HTTP status number; 0 if there is none.
    package var code: Int

    /// Creates a result.
    package init(status: String = "", message: String = "", reason: String = "", code: Int = 0) {
        self.status = status
        self.message = message
        self.reason = reason
        self.code = code
    }

    /// What is said of a failure that comes without a word.
    static let unexplained = ReviewResult(message: "Internal error", reason: "InternalError", code: 500)

    /// The Kubernetes `Status` of a failure with these words; empty ones are left out.
    var failure: JSONValue {
        var json: JSONValue = ["status": "Failure"]
        if !message.isEmpty { json["message"] = .string(message) }
        if !reason.isEmpty { json["reason"] = .string(reason) }
        if code != 0 { json["code"] = .int(code) }
        return json
    }
}

/// Group, version and kind of an object.
package struct GroupVersionKind: Sendable, Hashable {
    /// The API group; empty for the core group.
    package var group: String
    /// The API version.
    package var version: String
    /// The type's name.
    package var kind: String

    /// Creates it from its parts.
    package init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }
}

/// Group, version and plural of a resource.
package struct GroupVersionResource: Sendable, Hashable {
    /// The API group; empty for the core group.
    package var group: String
    /// The API version.
    package var version: String
    /// The plural.
    package var resource: String

    /// Creates it from its parts.
    package init(group: String, version: String, resource: String) {
        self.group = group
        self.version = version
        self.resource = resource
    }
}

/// Group and version, as `apiVersion` fields have them.
package struct GroupVersion: Sendable, Hashable {
    /// The API group; empty for the core group.
    package var group: String
    /// The API version.
    package var version: String

    /// Reads `group/version`, or a version of the core group; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }), let version = parts.last else {
            return nil
        }
        self.version = version
        group = parts.count == 2 ? parts[0] : ""
    }

    /// The text as in `apiVersion`.
    package var text: String { group.isEmpty ? version : "\(group)/\(version)" }
}
