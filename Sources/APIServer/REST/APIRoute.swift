import DataPlaneAPI
import HTTPKit

/// What a path means to the API server.
enum APIRoute: Sendable {
    case resource(ResourceTarget)
    case version
    /// `livez` or `readyz`, and the one check that is asked for.
    case health(String, String?)
    case core, coreVersion
    case groups
    case group(String)
    case groupVersion(String, String)
    case openAPIv2
    case openAPIv3
    case openAPIv3Group(String, String)
    /// A path of ours that nothing is at.
    case unknown

    private static let apis = Array("apis".utf8)

    /// Whether it tells clients what there is, as the upstream's own API does too.
    var isDiscovery: Bool {
        switch self {
        case .version, .core, .coreVersion, .groups, .group, .groupVersion, .openAPIv2, .openAPIv3, .openAPIv3Group:
            true
        case .resource, .health, .unknown: false
        }
    }

    /// Finds the meaning of a path; nil for one that is the delegate's.
    static func find(_ path: CanonicalPath, _ paths: APIPaths) -> APIRoute? {
        if path.count > 1, !path.isEmpty(1), path.segment(0, equals: apis), !paths.knows(path[1]) {
            return paths.hasUpstream ? nil : .unknown
        }
        let segments = APIRequest.segments(path)
        switch segments.first {
        case "version" where segments.count == 1: return .version
        case "livez", "readyz":
            guard segments.count <= 2 else { return nil }
            return .health(segments[0], segments.count == 2 ? segments[1] : nil)
        case "api":
            if segments.count == 1 { return .core }
            if segments == ["api", "v1"] { return .coreVersion }
            return segments[1] == "v1" ? ResourceTarget(segments, paths.kinds).map { .resource($0) } : nil
        case "apis": return apis(segments, paths)
        case "openapi": return openAPI(segments, paths)
        default: return nil
        }
    }

    private static func apis(_ segments: [String], _ paths: APIPaths) -> APIRoute? {
        guard segments.count > 1 else { return .groups }
        let own = paths.kinds.groups.first { $0.name == segments[1] }
        let claimed = own == nil ? paths.claims.claimedGroup(segments[1]) : nil
        guard let versions = own?.versions ?? claimed?.versions.map(\.name) else {
            return paths.hasUpstream ? nil : .unknown
        }
        if segments.count == 2 { return .group(segments[1]) }
        guard versions.contains(segments[2]) else { return own != nil || !paths.hasUpstream ? .unknown : nil }
        if segments.count == 3 { return .groupVersion(segments[1], segments[2]) }
        guard own != nil else { return paths.hasUpstream ? nil : .unknown }
        return ResourceTarget(segments, paths.kinds).map { .resource($0) } ?? .unknown
    }

    private static func openAPI(_ segments: [String], _ paths: APIPaths) -> APIRoute? {
        if segments == ["openapi", "v2"] { return .openAPIv2 }
        guard segments.count >= 2, segments[1] == "v3" else { return nil }
        if segments.count == 2 { return .openAPIv3 }
        guard segments.count == 5, segments[2] == "apis" else { return paths.hasUpstream ? nil : .unknown }
        let isOwn = paths.kinds.groups.contains { $0.name == segments[3] && $0.versions.contains(segments[4]) }
        guard isOwn || paths.claims.claimedGroup(segments[3])?.has(segments[4]) == true else {
            return paths.hasUpstream ? nil : .unknown
        }
        return .openAPIv3Group(segments[3], segments[4])
    }
}
