import Bytes
import DataPlaneAPI
import Storage

/// The query parameters of a list or a watch.
struct ListOptions: Sendable {
    /// How `resourceVersion` is meant.
    enum Match: String, Sendable {
        case notOlderThan = "NotOlderThan"
        case exact = "Exact"
    }

    var labels = LabelSelector()
    var fields = FieldSelector()
    var limit: Int?
    var after: ObjectKey?
    /// The version that the continued list began with; -1 for any.
    var tokenVersion: Int?
    /// Nil when it isn't given.
    var version: Int?
    var match: Match?
    var isWatch = false
    var timeoutSeconds: Int?
    var bookmarks = false
    var sendsInitialEvents: Bool?

    init(_ request: APIRequest, _ definition: ResourceDefinition) throws(GatewayError) {
        isWatch = request.flag("watch")
        labels = try LabelSelector.parse(request.parameter("labelSelector") ?? "")
        fields = try FieldSelector.parse(request.parameter("fieldSelector") ?? "", definition)
        bookmarks = request.flag("allowWatchBookmarks")
        if request.parameter("sendInitialEvents") != nil { sendsInitialEvents = request.flag("sendInitialEvents") }
        timeoutSeconds = try Self.number(request, "timeoutSeconds")
        if let limit = try Self.number(request, "limit"), limit > 0 { self.limit = limit }
        try readVersion(request)
        if !isWatch, let token = request.parameter("continue"), !token.isEmpty {
            guard version == nil || version == 0 else {
                throw GatewayError(.badRequest, "specifying resource version is not allowed when using continue")
            }
            (tokenVersion, after) = try Self.readToken(token, definition)
        }
    }

    /// Whether an object is asked for.
    func matches(_ object: StoredObject) -> Bool {
        (labels.isEmpty || labels.matches { object.label($0) }) && (fields.isEmpty || fields.matches(object))
    }
    /// Whether there is any selector.
    var selects: Bool { !labels.isEmpty || !fields.isEmpty }

    private mutating func readVersion(_ request: APIRequest) throws(GatewayError) {
        var causes: [StatusCause] = []
        if let text = request.parameter("resourceVersion"), !text.isEmpty {
            if let number = Int(text), number >= 0 {
                version = number
            } else {
                causes.append(.invalid("resourceVersion", string: text, "must be a version that this server sent"))
            }
        }
        if let word = request.parameter("resourceVersionMatch"), !word.isEmpty {
            match = Match(rawValue: word)
            if match == nil {
                causes.append(.notSupported("resourceVersionMatch", word, supported: ["NotOlderThan", "Exact"]))
            } else if isWatch {
                if sendsInitialEvents == nil {
                    causes.append(
                        .forbidden(
                            "resourceVersionMatch",
                            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
                }
            } else if version == nil {
                causes.append(
                    .forbidden(
                        "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            } else if match == .exact, version == 0 {
                causes.append(
                    .forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
            }
        }
        if let sendsInitialEvents {
            if !isWatch {
                causes.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
            } else if sendsInitialEvents, match != .notOlderThan {
                causes.append(
                    .forbidden(
                        "resourceVersionMatch",
                        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
            }
        }
        guard causes.isEmpty else { throw .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", causes) }
    }

    private static func number(_ request: APIRequest, _ name: String) throws(GatewayError) -> Int? {
        guard let text = request.parameter(name), !text.isEmpty else { return nil }
        guard let number = Int(text) else {
            throw .badField(.invalid(name, string: text, "must be an integer"))
        }
        return number
    }

    // MARK: Tokens

    /// The token for the page after an object.
    static func token(version: Int, after key: ObjectKey) -> String {
        let json: JSONValue = [
            "v": "meta.k8s.io/v1", "rv": .int(version), "start": .string("\(key.namespace)/\(key.name)"),
        ]
        return Base64URL.encode(json.bytes())
    }

    private static func readToken(
        _ token: String, _ definition: ResourceDefinition
    ) throws(GatewayError) -> (Int, ObjectKey) {
        guard let bytes = Base64URL.decode(token.utf8), let json = try? JSONValue.parse(bytes),
            json["v"]?.asString == "meta.k8s.io/v1", let version = json["rv"]?.asInt,
            let start = json["start"]?.asString, let slash = start.firstIndex(of: "/")
        else {
            throw GatewayError(
                .badRequest, "continue key is not valid: it must be the metadata.continue of the page before")
        }
        let namespace = String(start[..<slash])
        let name = String(start[start.index(after: slash)...])
        return (version, ObjectKey(definition.id, namespace: namespace, name: name))
    }
}
