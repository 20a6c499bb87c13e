import Bytes
import DataPlaneAPI

/// A group as a source of discovery shows it.
package struct DiscoveryGroup: Sendable, Hashable {
    /// A version and what is served in it.
    package struct Version: Sendable, Hashable {
        /// Its name.
        package var name: String
        /// The entries of aggregated discovery.
        package var resources: [JSONValue]
        /// `Current`, or `Stale` where nobody has ever said what there is.
        package var freshness: String

        /// Creates a version.
        package init(name: String, resources: [JSONValue], freshness: String = "Current") {
            self.name = name
            self.resources = resources
            self.freshness = freshness
        }
    }

    /// Its name.
    package let name: String
    /// Its versions, the preferred one first.
    package var versions: [Version]
    /// Whether it is its source's alone: nobody adds to it.
    package let isWhole: Bool

    /// Creates a group.
    package init(name: String, versions: [Version], isWhole: Bool = false) {
        (self.name, self.versions, self.isWhole) = (name, versions, isWhole)
    }

    /// The group of an `APIGroupList`.
    var legacy: JSONValue {
        let entries = versions.map { version -> JSONValue in
            ["groupVersion": .string("\(name)/\(version.name)"), "version": .string(version.name)]
        }
        var group: JSONValue = ["name": .string(name), "versions": .array(entries)]
        group["preferredVersion"] = entries.first
        return group
    }

    /// The entries of the `APIResourceList` of a version.
    func resources(_ version: String) -> [JSONValue] {
        let found = versions.first { $0.name == version }
        return (found?.resources ?? []).flatMap { LegacyDiscovery.entries($0, group: name, version: version) }
    }

    /// The item of aggregated discovery.
    var aggregated: JSONValue {
        [
            "metadata": ["name": .string(name), "creationTimestamp": .null],
            "versions": .array(
                versions.map { version in
                    [
                        "version": .string(version.name), "resources": .array(version.resources),
                        "freshness": .string(version.freshness),
                    ]
                }),
        ]
    }

    // MARK: Merging

    /// All groups of some sources, each name once, in the order of the sources.
    static func merged(_ sources: [[DiscoveryGroup]]) -> [DiscoveryGroup] {
        var groups: [DiscoveryGroup] = []
        var places: [String: Int] = [:]
        for group in sources.joined() {
            if let place = places[group.name] {
                groups[place].add(group)
            } else {
                places[group.name] = groups.count
                groups.append(group)
            }
        }
        return groups
    }

    /// Adds what another source has of the same group: our versions, then those that only it has.
    mutating func add(_ other: DiscoveryGroup) {
        guard !isWhole else { return }
        for version in other.versions {
            guard let place = versions.firstIndex(where: { $0.name == version.name }) else {
                versions.append(version)
                continue
            }
            for resource in version.resources { Self.add(resource, to: &versions[place].resources) }
        }
    }

    private static func add(_ theirs: JSONValue, to resources: inout [JSONValue]) {
        guard let place = resources.firstIndex(where: { $0["resource"] == theirs["resource"] }) else {
            return resources.append(theirs)
        }
        // They serve the resource itself; we add subresources to it.
        var both = theirs
        var subresources = theirs["subresources"]?.asArray ?? []
        for subresource in resources[place]["subresources"]?.asArray ?? []
        where !subresources.contains(where: { $0["subresource"] == subresource["subresource"] }) {
            subresources.append(subresource)
        }
        both["subresources"] = .array(subresources)
        resources[place] = both
    }
}

extension DiscoveryGroup {
    /// A group of kinds that are served here.
    init(own name: String, versions: [String], definitions: [ResourceDefinition]) {
        self.init(
            name: name,
            versions: versions.map { version in
                Version(
                    name: version,
                    resources: definitions.filter { $0.version == version }.map { Self.resource($0).aggregated })
            }, isWhole: true)
    }

    private static func resource(_ definition: ResourceDefinition) -> DiscoveryResource {
        let status = DiscoveryResource.Subresource(
            name: "status", kind: definition.kind, verbs: ["get", "patch", "update"])
        return DiscoveryResource(
            plural: definition.plural, singular: definition.singular, kind: definition.kind,
            isNamespaced: definition.isNamespaced, verbs: definition.verbs, shortNames: definition.names.short,
            categories: definition.names.categories, subresources: definition.hasStatus ? [status] : [],
            group: definition.group, version: definition.version)
    }

    /// A group that objects claim.
    init(_ claim: ClaimedGroup) {
        self.init(
            name: claim.name,
            versions: claim.versions.map { version in
                Version(name: version.name, resources: Self.claimed(version, of: claim.name).map(\.aggregated))
            })
    }

    /// What the objects of a version offer; the routes themselves are the data plane's.
    private static func claimed(_ version: ClaimedGroup.Version, of group: String) -> [DiscoveryResource] {
        let places = [
            ("datasources", "datasource", "DataSource", version.sources),
            ("connections", "connection", "DataSource", version.sources), ("app", "app", "App", version.app),
        ]
        return places.compactMap { plural, singular, kind, types in
            let parts = types.compactMap(DiscoveryResource.Subresource.init)
            guard !parts.isEmpty else { return nil }
            return DiscoveryResource(
                plural: plural, singular: singular, kind: kind, isNamespaced: true, verbs: [], subresources: parts,
                group: group, version: version.name)
        }
    }
}
