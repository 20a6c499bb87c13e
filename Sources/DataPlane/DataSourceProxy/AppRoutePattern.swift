/// The `path` of an app plugin's route, which its paths are matched against segment by segment, as Grafana's router does.
///
/// `*` at the end stands for one segment or more, `*` before it and `:name` for one, everything else for itself.
struct AppRoutePattern: Sendable {
    private enum Part: Sendable, Equatable {
        case literal([UInt8])
        case any
        /// What a regular expression would decide.
        case expression
    }

    private let parts: [Part]
    /// What the path ends with.
    private let end: End

    private enum End: Sendable {
        case nothing
        /// Further segments, which go on to the target.
        case rest
        /// Further segments, which don't (`*.*`).
        case dropped
    }

    /// Whether a part is a regular expression or optional, which isn't known here.
    var hasExpression: Bool { parts.contains(.expression) }

    init(_ path: String) {
        var segments = path.utf8.split(separator: UInt8(ascii: "/"))[...]
        switch segments.last.map({ String(Substring($0)) }) {
        case "*": end = .rest
        case "*.*": end = .dropped
        default: end = .nothing
        }
        if end != .nothing { segments = segments.dropLast() }
        parts = segments.map(Self.part)
    }

    private static func part(_ segment: Substring.UTF8View) -> Part {
        if segment.elementsEqual("*".utf8) { return .any }
        guard segment.contains(UInt8(ascii: ":")) || segment.first == UInt8(ascii: "?") else {
            return .literal(Array(segment))
        }
        let name = segment.dropFirst()
        let isName = segment.first == UInt8(ascii: ":") && !name.isEmpty && name.allSatisfy(isNameByte)
        return isName ? .any : .expression
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// Whether the segments of a path, decoded and none empty, are what the pattern says.
    func matches(_ segments: [ArraySlice<UInt8>]) -> Bool {
        switch end {
        case .nothing: guard segments.count == parts.count else { return false }
        // Alone it stands for no segment too.
        case .rest, .dropped: guard segments.count > parts.count || parts.isEmpty else { return false }
        }
        return zip(parts, segments).allSatisfy { part, segment in
            if case .literal(let text) = part { segment.elementsEqual(text) } else { true }
        }
    }

    /// What of a path that matches goes on: the raw segments behind the last fixed one, with single slashes.
    func rest(of rawSegments: [ArraySlice<UInt8>]) -> [UInt8] {
        guard end == .rest else { return [] }
        return Array(rawSegments.dropFirst(parts.count).joined(separator: [UInt8(ascii: "/")]))
    }
}
