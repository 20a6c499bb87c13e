import DataPlaneAPI

/// What paths must look like, so that no server behind the gateway reads one as another.
package struct PathRules: Sendable {
    private let owned: OwnedPrefixes
    private let base: [UInt8]

    /// Rules.
    ///
    /// - Parameters:
    ///   - owned: what the gateway answers itself, below the base path too.
    ///   - base: the path that the upstream lies below; what is sent below it is read without it.
    package init(owned: OwnedPrefixes, base: String = "") {
        self.owned = owned
        self.base = Array(base.utf8)
    }

    /// Answers a path that isn't what it seems; nil for one that may go on.
    package func refusal(_ path: CanonicalPath) -> GatewayError? {
        if owned.contains(path) {
            if let refusal = path.refusal { return refusal }
            // Handlers look for their prefixes byte by byte: `/%61pis` would get past them to the upstream.
            return owned.containsLiterally(path.raw) ? nil : Self.disguised
        }
        return owned.isEscapedTo(by: path) ? Self.disguised : nil
    }

    /// The path that handlers read, without the base.
    package func inner(_ path: CanonicalPath) -> CanonicalPath {
        guard !base.isEmpty, path.raw.starts(with: base), path.raw.dropFirst(base.count).first == UInt8(ascii: "/")
        else {
            return path
        }
        return CanonicalPath(String(decoding: path.raw.dropFirst(base.count), as: UTF8.self))
    }

    /// Lets handlers read the path without the base.
    func enter(_ exchange: Exchange) {
        if !base.isEmpty { exchange.enter(base) }
    }

    private static var disguised: GatewayError {
        GatewayError(
            .badRequest,
            "the path is written so that it may be read as one below a prefix of this gateway; "
                + "send it without escapes, dot segments and double slashes")
    }
}
