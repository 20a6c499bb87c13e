import DataPlaneAPI

/// Which paths the API server answers, at this moment.
package struct APIPaths: Sendable {
    /// The kinds that are served.
    let registry: KindRegistry
    /// The groups that DataPlaneServices claim.
    let claims: @Sendable () -> any ClaimedGroups
    /// Whether there is an upstream, which answers what is unknown here.
    let hasUpstream: Bool

    /// Paths.
    package init(
        registry: KindRegistry, claims: @escaping @Sendable () -> any ClaimedGroups, hasUpstream: Bool
    ) {
        self.registry = registry
        self.claims = claims
        self.hasUpstream = hasUpstream
    }

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

extension APIServerCore {
    /// The paths that it answers.
    var paths: APIPaths { APIPaths(registry: registry, claims: claims, hasUpstream: hasUpstream) }
}
