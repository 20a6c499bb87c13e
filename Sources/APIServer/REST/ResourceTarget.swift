import DataPlaneAPI
import HTTPKit
import Storage

/// What a path below a resource names.
struct ResourceTarget: Sendable {
    let definition: ResourceDefinition
    /// Nil for all namespaces, or for a cluster-wide type.
    var namespace: String?
    var name: String?
    var subresource: String?

    /// Finds the resource of `/apis/G/V/...` or of `/api/v1/...`; nil if the path names none.
    init?(_ segments: [String], _ kinds: Kinds) {
        let isCore = segments.first == "api"
        guard segments.count >= (isCore ? 3 : 4), isCore || segments[0] == "apis" else { return nil }
        var rest = segments[(isCore ? 2 : 3)...]
        if rest.count >= 3, rest.first == "namespaces" {
            namespace = rest[rest.startIndex + 1]
            rest = rest.dropFirst(2)
        }
        guard let plural = rest.first, rest.count <= 3,
            let definition = isCore
                ? kinds.findCore(plural: plural)
                : kinds.find(group: segments[1], version: segments[2], plural: plural),
            definition.isNamespaced || namespace == nil, !rest.contains("")
        else { return nil }
        self.definition = definition
        rest = rest.dropFirst()
        name = rest.first
        subresource = rest.dropFirst().first
        if definition.isNamespaced, namespace == nil, name != nil { return nil }
        if let subresource, subresource != "status" || !definition.hasStatus { return nil }
    }

    /// The key of the named object.
    var key: ObjectKey { ObjectKey(definition.id, namespace: namespace ?? "", name: name ?? "") }

    /// The endpoint that is written to.
    var endpoint: ObjectWriter.Endpoint { subresource == nil ? .main : .status }

    /// The methods that the target answers, for `Allow`.
    var methods: [String] {
        switch definition.nature {
        case .computed: return ["GET"]
        case .answered: return ["POST"]
        case .stored: break
        }
        if name == nil { return ["GET", "POST", "DELETE"] }
        return subresource == nil ? ["GET", "PUT", "PATCH", "DELETE"] : ["GET", "PUT", "PATCH"]
    }

    /// Whether a method can be served at all.
    func serves(_ method: HTTPMethod) -> Bool {
        switch definition.nature {
        case .stored: true
        case .computed: method == .get || method == .head
        case .answered: method == .post
        }
    }
}
