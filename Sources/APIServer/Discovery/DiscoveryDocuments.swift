import Bytes
import DataPlaneAPI
import HTTPKit

/// The documents that tell clients which groups, versions and resources there are.
struct DiscoveryDocuments: Sendable {
    let core: APIServerCore
    let request: APIRequest

    // MARK: The core group

    func coreGroup() throws(GatewayError) -> APIResponse {
        switch try MediaType.choose(request.accept, .discovery) {
        case .aggregatedDiscovery(let version): return aggregated([Self.core.aggregated], version)
        default:
            let address = request.headers.firstValue(.host) ?? ""
            return plain([
                "kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": .string(address)]],
            ])
        }
    }

    func coreVersion() -> APIResponse {
        plain([
            "kind": "APIResourceList", "groupVersion": "v1",
            "resources": .array(Self.core.resources("v1").flatMap(\.legacy)),
        ])
    }

    private static let core = DiscoveryGroup(own: "", versions: ["v1"], definitions: CoreKinds.all)

    // MARK: Groups

    /// `/apis`: own groups first, then claimed ones, then the upstream's, each name once.
    func groups() async throws(GatewayError) -> APIResponse {
        let rendering = try MediaType.choose(request.accept, .discovery)
        if case .aggregatedDiscovery(let version) = rendering {
            let accept =
                "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList,application/json"
            var items = entries.map(\.aggregated)
            if let document = await upstream("/apis", accept) { merge(document, into: &items) }
            return aggregated(items, version)
        }
        var groups = entries.map(\.legacy)
        if let document = await upstream("/apis", "application/json") {
            for group in document["groups"]?.asArray ?? [] { Self.add(group, to: &groups, name: group["name"]) }
        }
        return plain(["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)])
    }

    /// `/apis/<group>`.
    func group(_ name: String) async throws(GatewayError) -> APIResponse {
        guard let entry = entries.first(where: { $0.name == name }) else { throw .unknownResource() }
        var group = entry.legacy
        if !entry.isOwn, let document = await upstream("/apis/\(name)", "application/json"),
            document["kind"]?.asString == "APIGroup"
        {
            group = Self.merged(group, document)
        }
        group["kind"] = "APIGroup"
        group["apiVersion"] = "v1"
        return plain(group)
    }

    /// `/apis/<group>/<version>`.
    func groupVersion(_ name: String, _ version: String) async throws(GatewayError) -> APIResponse {
        guard let entry = entries.first(where: { $0.name == name }) else { throw .unknownResource() }
        var resources = entry.resources(version).flatMap(\.legacy)
        if !entry.isOwn, let document = await upstream("/apis/\(name)/\(version)", "application/json") {
            for resource in document["resources"]?.asArray ?? [] {
                Self.add(resource, to: &resources, name: resource["name"])
            }
        }
        return plain([
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string("\(name)/\(version)"),
            "resources": .array(resources),
        ])
    }

    /// Own and claimed groups, each name once.
    private var entries: [DiscoveryGroup] {
        var entries = core.registry.kinds.groups.map { group in
            DiscoveryGroup(
                own: group.name, versions: group.versions,
                definitions: core.registry.kinds.definitions.filter { $0.group == group.name })
        }
        let own = Set(entries.map(\.name))
        for claim in core.claims().claimedGroups where !own.contains(claim.name) {
            entries.append(DiscoveryGroup(claim))
        }
        return entries
    }

    // MARK: Merging with the upstream

    private func upstream(_ path: String, _ accept: String) async -> JSONValue? {
        guard let fetch = core.fetch,
            let document = await Deadline.first(
                of: 2,
                { [request] in
                    await fetch(path, accept, request.headers)
                }), document.status == 200
        else { return nil }
        return try? JSONValue.parse(document.body, JSONOptions(maxDepth: 64, duplicates: .lastWins))
    }

    /// Adds an item unless one of its name is there.
    private static func add(_ item: JSONValue, to items: inout [JSONValue], name: JSONValue?) {
        guard let name, name.asString != nil, !items.contains(where: { $0["name"] == name }) else { return }
        items.append(item)
    }

    /// A claimed group and the upstream's group of the same name: our versions, then those only the upstream has.
    private static func merged(_ ours: JSONValue, _ theirs: JSONValue) -> JSONValue {
        var versions = ours["versions"]?.asArray ?? []
        for version in theirs["versions"]?.asArray ?? []
        where !versions.contains(where: { $0["version"] == version["version"] }) {
            versions.append(version)
        }
        var result = ours
        result["versions"] = .array(versions)
        return result
    }

    private func merge(_ document: JSONValue, into items: inout [JSONValue]) {
        // An upstream without aggregated discovery answers its legacy list: its groups are then left to legacy clients.
        guard document["kind"]?.asString == "APIGroupDiscoveryList" else { return }
        for item in document["items"]?.asArray ?? [] {
            guard let name = item["metadata"]?["name"]?.asString, !name.isEmpty else { continue }
            guard let index = items.firstIndex(where: { $0["metadata"]?["name"]?.asString == name }) else {
                items.append(item)
                continue
            }
            guard core.registry.kinds.groups.allSatisfy({ $0.name != name }) else { continue }
            items[index] = Self.mergedAggregated(items[index], item)
        }
    }

    private static func mergedAggregated(_ ours: JSONValue, _ theirs: JSONValue) -> JSONValue {
        var versions = ours["versions"]?.asArray ?? []
        for version in theirs["versions"]?.asArray ?? [] {
            guard let index = versions.firstIndex(where: { $0["version"] == version["version"] }) else {
                versions.append(version)
                continue
            }
            var resources = versions[index]["resources"]?.asArray ?? []
            for resource in version["resources"]?.asArray ?? [] {
                if let same = resources.firstIndex(where: { $0["resource"] == resource["resource"] }) {
                    // The upstream serves the resource itself; we add subresources to it.
                    var both = resource
                    var subresources = resource["subresources"]?.asArray ?? []
                    for subresource in resources[same]["subresources"]?.asArray ?? []
                    where !subresources.contains(where: { $0["subresource"] == subresource["subresource"] }) {
                        subresources.append(subresource)
                    }
                    both["subresources"] = .array(subresources)
                    resources[same] = both
                } else {
                    resources.append(resource)
                }
            }
            versions[index]["resources"] = .array(resources)
        }
        var result = ours
        result["versions"] = .array(versions)
        return result
    }

    // MARK: Answers

    private func aggregated(_ items: [JSONValue], _ version: String) -> APIResponse {
        let list: JSONValue = [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"),
            "metadata": .emptyObject, "items": .array(items),
        ]
        return Cached.response(
            list, request,
            contentType: "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList")
    }

    private func plain(_ value: JSONValue) -> APIResponse {
        var response = APIResponse.json(value, pretty: request.isPretty)
        response.fields = [.vary("Accept")]
        return response
    }
}
