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

    /// Finds the meaning of a path; nil for one that is the delegate's.
    static func find(_ path: CanonicalPath, _ core: APIServerCore) -> APIRoute? {
        let segments = APIRequest.segments(path)
        switch segments.first {
        case "version" where segments.count == 1: return .version
        case "livez", "readyz":
            guard segments.count <= 2 else { return nil }
            return .health(segments[0], segments.count == 2 ? segments[1] : nil)
        case "api":
            if segments.count == 1 { return .core }
            return segments == ["api", "v1"] ? .coreVersion : nil
        case "apis": return apis(segments, core)
        case "openapi": return openAPI(segments, core)
        default: return nil
        }
    }

    private static func apis(_ segments: [String], _ core: APIServerCore) -> APIRoute? {
        guard segments.count > 1 else { return .groups }
        let own = core.registry.groups.first { $0.name == segments[1] }
        let claimed = own == nil ? core.claims().first { $0.name == segments[1] } : nil
        guard let versions = own?.versions ?? claimed?.versions else { return core.fetch == nil ? .unknown : nil }
        if segments.count == 2 { return .group(segments[1]) }
        guard versions.contains(segments[2]) else { return own != nil || core.fetch == nil ? .unknown : nil }
        if segments.count == 3 { return .groupVersion(segments[1], segments[2]) }
        guard own != nil else { return core.fetch == nil ? .unknown : nil }
        return ResourceTarget(segments, core.registry).map { .resource($0) } ?? .unknown
    }

    private static func openAPI(_ segments: [String], _ core: APIServerCore) -> APIRoute? {
        if segments == ["openapi", "v2"] { return .openAPIv2 }
        guard segments.count >= 2, segments[1] == "v3" else { return nil }
        if segments.count == 2 { return .openAPIv3 }
        guard segments.count == 5, segments[2] == "apis" else { return core.fetch == nil ? .unknown : nil }
        let known = core.registry.groups.map { ($0.name, $0.versions) } + core.claims().map { ($0.name, $0.versions) }
        guard known.contains(where: { $0.0 == segments[3] && $0.1.contains(segments[4]) }) else {
            return core.fetch == nil ? .unknown : nil
        }
        return .openAPIv3Group(segments[3], segments[4])
    }
}
