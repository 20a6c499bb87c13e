import Bytes
import DataPlaneAPI
import HTTPKit

/// Who reads discovery.
package struct DiscoveryCaller: Sendable {
    /// The fields of the request.
    package let headers: HeaderBlock

    /// A caller.
    package init(headers: HeaderBlock) { self.headers = headers }
}

/// Where discovery and OpenAPI get what they show: the kinds that are served here, the groups that objects claim, the
/// upstream, and each server that an object registers.
///
/// A source answers from memory, and makes what it has anew in the background: a request waits for nobody who is slow or
/// gone. What one source says first of a group comes first.
package protocol DiscoverySource: Sendable {
    /// The groups that a caller may know of.
    func groups(for caller: DiscoveryCaller) async -> [DiscoveryGroup]
    /// The OpenAPI documents that a caller may read, by their name (`apis/GROUP/VERSION`), as the list of them has them.
    func documents(for caller: DiscoveryCaller) async -> JSONObject
    /// The OpenAPI document of a group and version; nil for none.
    func document(_ group: String, _ version: String, for caller: DiscoveryCaller) async -> OpenAPIDocument?
}

/// An OpenAPI document of one group and version.
package enum OpenAPIDocument: Sendable {
    /// It is made here, and found by its hash.
    case made(JSONValue)
    /// Another server's, as it answered it.
    case fetched(FetchedDocument)
}

/// The kinds that are served here.
struct KindsSource: DiscoverySource {
    let kinds: Kinds
    /// The gateway's version.
    let version: String

    func groups(for caller: DiscoveryCaller) -> [DiscoveryGroup] {
        kinds.groups.map { group in
            DiscoveryGroup(
                own: group.name, versions: group.versions,
                definitions: kinds.definitions.filter { $0.group == group.name })
        }
    }

    func documents(for caller: DiscoveryCaller) -> JSONObject {
        var documents = JSONObject()
        for group in kinds.groups {
            for version in group.versions {
                documents["apis/\(group.name)/\(version)"] = OpenAPIDocuments.entry(
                    group.name, version, Cached.hash(made(group.name, version).bytes()))
            }
        }
        return documents
    }

    func document(_ group: String, _ version: String, for caller: DiscoveryCaller) -> OpenAPIDocument? {
        kinds.groups.contains { $0.name == group && $0.versions.contains(version) } ? .made(made(group, version)) : nil
    }

    private func made(_ group: String, _ version: String) -> JSONValue {
        OpenAPIDocuments.document(
            kinds.definitions.filter { $0.group == group && $0.version == version }, gateway: self.version)
    }
}

/// The groups that DataPlaneServices claim; their routes have no schemas, so others may describe them.
struct ClaimsSource: DiscoverySource {
    let claims: any ClaimedGroups
    /// The gateway's version.
    let version: String

    func groups(for caller: DiscoveryCaller) -> [DiscoveryGroup] { claims.claimedGroups.map { DiscoveryGroup($0) } }

    func documents(for caller: DiscoveryCaller) -> JSONObject {
        var documents = JSONObject()
        // The same for all of them.
        let hash = Cached.hash(OpenAPIDocuments.document([], gateway: version).bytes())
        for claim in claims.claimedGroups {
            for name in claim.versions.map(\.name) {
                documents["apis/\(claim.name)/\(name)"] = OpenAPIDocuments.entry(claim.name, name, hash)
            }
        }
        return documents
    }

    func document(_ group: String, _ version: String, for caller: DiscoveryCaller) -> OpenAPIDocument? {
        claims.claimedGroup(group)?.has(version) == true
            ? .made(OpenAPIDocuments.document([], gateway: self.version)) : nil
    }
}
