extension RoutePattern {
    /// Whether the path's segments from `start` on match; compares bytes and allocates nothing.
    package func matches(_ path: CanonicalPath, from start: Int = 0) -> Bool {
        var index = start
        for segment in segments {
            switch segment {
            case .literal(let bytes):
                guard path.segment(index, equals: bytes) else { return false }
            case .parameter:
                guard !path.isEmpty(index) else { return false }
            case .rest:
                guard index < path.count else { return false }
                for inner in index..<(path.count - 1) where path.isEmpty(inner) { return false }
                return true
            }
            index += 1
        }
        return index == path.count
    }

    /// The position among the path's segments of a parameter or rest; add the `start` that was matched from.
    package func position(of name: String) -> Int? {
        segments.firstIndex { segment in
            switch segment {
            case .literal: false
            case .parameter(let own), .rest(let own): own == name
            }
        }
    }

    /// Whether both match exactly the same paths: two such routes are in conflict, none is more specific.
    package func hasSameShape(as other: RoutePattern) -> Bool {
        segments.count == other.segments.count
            && zip(segments, other.segments).allSatisfy { left, right in
                switch (left, right) {
                case (.literal(let first), .literal(let second)): first == second
                default: left.rank == right.rank
                }
            }
    }

    /// Whether there is a path that both match.
    package func overlaps(_ other: RoutePattern) -> Bool {
        for (left, right) in zip(segments, other.segments) {
            switch (left, right) {
            case (.rest, _), (_, .rest): return true
            case (.literal(let first), .literal(let second)): if first != second { return false }
            default: continue
            }
        }
        return segments.count == other.segments.count
    }

    /// Whether this one is tried first where both match.
    ///
    /// The first differing segment decides: literal before parameter before rest.
    package func precedes(_ other: RoutePattern) -> Bool {
        for (left, right) in zip(segments, other.segments) {
            if left.rank != right.rank { return left.rank < right.rank }
            if case .literal(let first) = left, case .literal(let second) = right, first != second {
                return first.lexicographicallyPrecedes(second)
            }
        }
        return segments.count > other.segments.count
    }
}
