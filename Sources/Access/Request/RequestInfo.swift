import Bytes
import DataPlaneAPI
import HTTPKit

/// What a request wants to do, as rules see it: a verb on a resource or on a path.
///
/// The reading of paths is Kubernetes' (request info resolver); segments are the canonical ones that matching uses too.
package struct RequestInfo: Sendable, Hashable {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; on a path the method, lower case.
    package var verb = ""
    /// Whether it is about a resource; else only `path` and `verb` count.
    package var isResource = false
    /// The API group; empty for the core group.
    package var group = ""
    /// The API version.
    package var version = ""
    /// The namespace; empty at the cluster scope.
    package var namespace = ""
    /// The resource's plural.
    package var resource = ""
    /// The subresource; empty for none.
    package var subresource = ""
    /// The object's name; empty for none.
    package var name = ""
    /// The path as it came.
    package var path = ""

    /// Subresources of namespaces themselves; other third segments are resources inside the namespace.
    private static let namespaceSubresources: Set<String> = ["status", "finalize"]

    /// Creates an empty one.
    package init() {}

    /// Reads a request.
    package init(_ request: RequestHead, _ path: CanonicalPath) {
        self.init(method: request.methodText, path) { request.query }
    }

    /// Reads a request.
    ///
    /// - Parameters:
    ///   - method: the method as sent.
    ///   - query: the query; asked for only where it counts.
    package init(method: String, _ path: CanonicalPath, query: () -> QueryText = { QueryText([]) }) {
        self.path = String(decoding: path.raw, as: UTF8.self)
        verb = method.lowercased()
        var parts = (0..<path.count).map { path.text($0) }
        while parts.last == "" { parts.removeLast() }
        guard parts.count >= 3, parts[0] == "api" || parts[0] == "apis" else { return }
        if parts[0] == "apis" {
            guard parts.count >= 4 else { return }
            group = parts[1]
            parts.removeFirst()
        }
        isResource = true
        version = parts[1]
        parts.removeFirst(2)
        verb = Self.verbs[method] ?? verb
        if parts.count > 1, parts[0] == "watch" || parts[0] == "proxy" { verb = parts.removeFirst() }
        if parts.first == "namespaces", parts.count > 1 {
            namespace = parts[1]
            if parts.count > 2, !Self.namespaceSubresources.contains(parts[2]) { parts.removeFirst(2) }
        }
        resource = parts.first ?? ""
        if parts.count > 1 { name = parts[1] }
        if parts.count > 2 { subresource = parts[2] }
        if name.isEmpty { narrow(query) }
    }

    /// What the query says where no object is named.
    private mutating func narrow(_ query: () -> QueryText) {
        if verb == "delete" { verb = "deletecollection" }
        guard verb == "get" || verb == "deletecollection" || verb == "watch" else { return }
        let query = query()
        if verb == "get" {
            let watch = query["watch"]
            verb = watch.map { $0 != "0" && $0.lowercased() != "false" } == true ? "watch" : "list"
        }
        // A list of one object by its name is a request for that object (resourceNames of a rule count for it).
        guard let selector = query["fieldSelector"] else { return }
        for term in selector.split(separator: ",") {
            for prefix in ["metadata.name==", "metadata.name="] where term.hasPrefix(prefix) {
                name = String(term.dropFirst(prefix.count))
                return
            }
        }
    }

    private static let verbs = [
        "POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
    ]
}
