import DataPlaneAPI

/// Which paths the API server answers, at one moment.
package struct APIPaths: Sendable {
    /// The kinds that are served.
    var kinds: Kinds
    /// The groups that DataPlaneServices claim.
    var claims: any ClaimedGroups
    /// Whether there is an upstream, which answers what is unknown here.
    let hasUpstream: Bool

    /// Paths.
    package init(kinds: Kinds, claims: any ClaimedGroups, hasUpstream: Bool) {
        self.kinds = kinds
        self.claims = claims
        self.hasUpstream = hasUpstream
    }

    /// Whether a group is known here, by the bytes of a path.
    func knows(_ group: ArraySlice<UInt8>) -> Bool { kinds.hasGroup(group) || claims.claims(group) }

    /// What is at a path, in a few words; nil for one that is the delegate's.
    package func meaning(_ path: CanonicalPath) -> String? {
        switch APIRoute.find(path, self) {
        case .resource(let target):
            (target.name.map { "the object \($0) of " } ?? "the objects of ") + target.definition.names.plural
        case .version: "the version"
        case .health(let name, let check): check.map { "the check \($0) of \(name)" } ?? "whether it serves (\(name))"
        case .core, .coreVersion, .groups: "discovery: what groups there are"
        case .group(let group): "discovery: the versions of \(group)"
        case .groupVersion(let group, let version): "discovery: what \(group)/\(version) has"
        case .openAPIv2, .openAPIv3, .openAPIv3Group: "OpenAPI: what objects look like"
        case .unknown: "nothing is there: 404"
        case nil: nil
        }
    }
}

/// The paths as one event loop knows them: looking takes no lock, and of the path of an unknown group no text is made.
final class LoopPaths {
    private let registry: KindRegistry
    private let claims: () -> any ClaimedGroups
    private let hasUpstream: Bool
    private var kinds: Kinds
    private var version: Int

    /// - Parameter claims: the groups that are claimed, as the loop has them.
    init(_ registry: KindRegistry, claims: @escaping () -> any ClaimedGroups, hasUpstream: Bool) {
        self.registry = registry
        self.claims = claims
        self.hasUpstream = hasUpstream
        version = registry.version
        kinds = registry.kinds
    }

    /// The paths of now.
    var now: APIPaths {
        let current = registry.version
        if current != version {
            version = current
            kinds = registry.kinds
        }
        return APIPaths(kinds: kinds, claims: claims(), hasUpstream: hasUpstream)
    }
}
