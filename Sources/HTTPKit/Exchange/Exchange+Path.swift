import DataPlaneAPI

extension Exchange {
    /// The path of the request, taken apart once and kept.
    package var path: CanonicalPath {
        if let cachedPath { return cachedPath }
        let path = CanonicalPath(request.withPath { Array($0) })
        cachedPath = path
        return path
    }

    /// Reads the path without the base path that the upstream lies below, where it begins with it.
    func enter(_ base: [UInt8]) {
        if request.enter(base) { cachedPath = nil }
    }
}
