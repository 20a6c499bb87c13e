import Bytes
import DataPlaneAPI
import HTTPKit

/// Reads another server's list of groups, in whatever form it has it.
struct DiscoveryReader: Sendable {
    /// What is asked for: the newest form that the server has.
    static let accept =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
        + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

    let fetch: UpstreamSource.Fetch
    /// What further lists are asked for with.
    let headers: HeaderBlock

    /// The groups of a list; nil where it isn't one.
    func groups(_ json: JSONValue) async -> [DiscoveryGroup]? {
        switch json["kind"]?.asString {
        case "APIGroupDiscoveryList": (json["items"]?.asArray ?? []).compactMap(Self.group)
        case "APIGroupList": await legacy(json["groups"]?.asArray ?? [])
        default: nil
        }
    }

    private static func group(_ item: JSONValue) -> DiscoveryGroup? {
        guard let name = item["metadata"]?["name"]?.asString, !name.isEmpty else { return nil }
        return DiscoveryGroup(
            name: name,
            versions: (item["versions"]?.asArray ?? []).compactMap { version in
                version["version"]?.asString.map {
                    DiscoveryGroup.Version(
                        name: $0, resources: version["resources"]?.asArray ?? [],
                        freshness: version["freshness"]?.asString ?? "Current")
                }
            })
    }

    /// A server that knows the older form only is asked for each list, of a bounded number.
    private func legacy(_ groups: [JSONValue]) async -> [DiscoveryGroup] {
        var left = 64
        var found: [DiscoveryGroup] = []
        for group in groups {
            guard let name = group["name"]?.asString, !name.isEmpty else { continue }
            var versions: [DiscoveryGroup.Version] = []
            for version in (group["versions"]?.asArray ?? []).compactMap({ $0["version"]?.asString }) {
                left -= 1
                let list = left < 0 ? nil : await fetch("/apis/\(name)/\(version)", "application/json", headers)
                let json = list.flatMap { $0.status == 200 ? try? JSONValue.parse($0.body) : nil }
                versions.append(
                    DiscoveryGroup.Version(
                        name: version,
                        resources: LegacyDiscovery.resources(
                            json?["resources"]?.asArray ?? [], group: name, version: version),
                        freshness: json == nil ? "Stale" : "Current"))
            }
            found.append(DiscoveryGroup(name: name, versions: versions))
        }
        return found
    }
}
