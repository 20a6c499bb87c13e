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
        case .aggregatedDiscovery(let version): return aggregated([Self.core], version)
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
            "kind": "APIResourceList", "groupVersion": "v1", "resources": .array(Self.core.resources("v1")),
        ])
    }

    private static let core = DiscoveryGroup(own: "", versions: ["v1"], definitions: CoreKinds.all)

    // MARK: Groups

    /// `/apis`: the groups of all sources in their order, each name once.
    func groups() async throws(GatewayError) -> APIResponse {
        let rendering = try MediaType.choose(request.accept, .discovery)
        let groups = await core.discovered(for: caller)
        if case .aggregatedDiscovery(let version) = rendering { return aggregated(groups, version) }
        return plain(["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups.map(\.legacy))])
    }

    /// `/apis/<group>`.
    func group(_ name: String) async throws(GatewayError) -> APIResponse {
        var group = try await find(name).legacy
        group["kind"] = "APIGroup"
        group["apiVersion"] = "v1"
        return plain(group)
    }

    /// `/apis/<group>/<version>`.
    func groupVersion(_ name: String, _ version: String) async throws(GatewayError) -> APIResponse {
        plain([
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string("\(name)/\(version)"),
            "resources": .array(try await find(name).resources(version)),
        ])
    }

    private func find(_ name: String) async throws(GatewayError) -> DiscoveryGroup {
        guard let group = await core.discovered(for: caller).first(where: { $0.name == name }) else {
            throw .unknownResource()
        }
        return group
    }

    private var caller: DiscoveryCaller { DiscoveryCaller(headers: request.headers) }

    // MARK: Answers

    private func aggregated(_ groups: [DiscoveryGroup], _ version: String) -> APIResponse {
        let list: JSONValue = [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"),
            "metadata": .emptyObject, "items": .array(groups.map(\.aggregated)),
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

extension APIServerCore {
    /// Where discovery and OpenAPI come from, in the order in which clients see it.
    var discovery: [any DiscoverySource] {
        let own: [any DiscoverySource] = [
            KindsSource(kinds: registry.kinds, version: version), ClaimsSource(claims: claims(), version: version),
        ]
        return own + sources
    }

    /// The groups of all sources, each once.
    fileprivate func discovered(for caller: DiscoveryCaller) async -> [DiscoveryGroup] {
        DiscoveryGroup.merged(await each { await $0.groups(for: caller) })
    }

    /// What all sources say, in their order; those who have to wait do so side by side.
    func each<R: Sendable>(_ ask: @escaping @Sendable (any DiscoverySource) async -> R) async -> [R] {
        await withTaskGroup(of: (Int, R).self) { group in
            let all = discovery
            for (index, source) in all.enumerated() { group.addTask { (index, await ask(source)) } }
            var found: [R?] = Array(repeating: nil, count: all.count)
            for await (index, result) in group { found[index] = result }
            return found.compactMap { $0 }
        }
    }
}
