/// What a route claims below the namespace of its group and version: a path pattern, and one method or all.
///
/// Where several claims match a request, the first of them in the order of `precedes` that accepts the method answers:
/// 1. segment by segment from the left, a literal comes before a parameter and a parameter before a rest;
/// 2. of equal patterns the longer one comes first;
/// 3. of the same pattern, one method comes before all methods, and HEAD before a GET that answers HEAD too.
///
/// Claims with the same method and patterns of the same shape match the same requests: a conflict, in which the names
/// of the parameters play no part. A request whose path matches and whose method nobody accepts goes on to the delegate.
package struct RouteClaim: Sendable, Hashable {
    /// The path below the namespace.
    package let pattern: RoutePattern
    /// The method; empty for all.
    package let method: String

    /// Creates a claim.
    package init(pattern: RoutePattern, method: String = "") {
        self.pattern = pattern
        self.method = method
    }

    /// Whether a request with this method is answered; GET answers HEAD too.
    package func accepts(method other: some Sequence<UInt8>) -> Bool {
        method.isEmpty || other.elementsEqual(method.utf8) || (method == "GET" && other.elementsEqual("HEAD".utf8))
    }

    /// Whether both match the same requests, so that only one of them can have them.
    package func conflicts(with other: RouteClaim) -> Bool {
        method == other.method && pattern.hasSameShape(as: other.pattern)
    }

    /// Whether this one is tried first.
    package func precedes(_ other: RouteClaim) -> Bool {
        if pattern.precedes(other.pattern) { return true }
        if other.pattern.precedes(pattern) { return false }
        if rank != other.rank { return rank < other.rank }
        return method < other.method
    }

    /// The claim without the names of parameters: equal for claims that are in conflict.
    package var unnamed: RouteClaim {
        let segments = pattern.segments.map { segment -> RoutePattern.Segment in
            switch segment {
            case .literal: segment
            case .parameter: .parameter("")
            case .rest: .rest("")
            }
        }
        return RouteClaim(pattern: RoutePattern(segments: segments), method: method)
    }

    private var rank: Int {
        switch method {
        case "": 2
        case "GET": 1
        default: 0
        }
    }
}
