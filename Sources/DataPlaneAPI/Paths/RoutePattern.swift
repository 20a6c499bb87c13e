/// The path of a route: `/orders/{name}/items`, with `{rest...}` allowed at the end.
package struct RoutePattern: Sendable, Hashable {
    /// One segment of a pattern.
    package enum Segment: Sendable, Hashable {
        /// Exactly these bytes.
        case literal([UInt8])
        /// Any one segment that isn't empty.
        case parameter(String)
        /// One or more segments up to the end; of these only the last may be empty.
        case rest(String)

        /// Literals come before parameters and these before rests.
        var rank: Int {
            switch self {
            case .literal: 0
            case .parameter: 1
            case .rest: 2
            }
        }
    }

    /// Why a text isn't a pattern.
    package struct Fault: Error, Sendable, Hashable {
        /// What is wrong and what would be right.
        package var message: String
    }

    /// The segments.
    package let segments: [Segment]

    /// Creates a pattern of segments that are known to be sound.
    package init(segments: [Segment]) { self.segments = segments }

    /// Reads a pattern.
    package init(_ text: String) throws(Fault) {
        guard text.hasPrefix("/") else { throw Fault(message: "must begin with a slash") }
        guard text.utf8.count <= 2_048 else { throw Fault(message: "may not be longer than 2048 bytes") }
        var segments: [Segment] = []
        var names: Set<String> = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if case .rest(let name) = segments.last {
                throw Fault(message: "{\(name)...} must be the last segment")
            }
            let segment = try Self.segment(part)
            switch segment {
            case .parameter(let name), .rest(let name):
                guard names.insert(name).inserted else { throw Fault(message: "has the parameter {\(name)} twice") }
            case .literal: break
            }
            segments.append(segment)
        }
        self.segments = segments
    }

    private static func segment(_ part: Substring) throws(Fault) -> Segment {
        if part.isEmpty { throw Fault(message: "may not have an empty segment or a slash at its end") }
        if part == "." || part == ".." { throw Fault(message: "may not have dot segments") }
        if part.hasPrefix("{"), part.hasSuffix("}") {
            var name = part.dropFirst().dropLast()
            let isRest = name.hasSuffix("...")
            if isRest { name = name.dropLast(3) }
            guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.allSatisfy(isNameByte) else {
                throw Fault(message: "has a parameter whose name isn't letters, digits and _: \(part)")
            }
            return isRest ? .rest(String(name)) : .parameter(String(name))
        }
        for byte in part.utf8 {
            switch byte {
            case 0x7B, 0x7D: throw Fault(message: "braces must enclose a whole segment, as in /{name}/")
            case 0x25: throw Fault(message: "must be written plainly, without percent escapes")
            case 0x3F, 0x23: throw Fault(message: "may not hold ? or #; the query isn't part of it")
            case 0x5C, 0x00...0x20, 0x7F: throw Fault(message: "may not hold backslashes, spaces or control characters")
            default: continue
            }
        }
        return .literal(Array(part.utf8))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F
    }
}

extension RoutePattern: CustomStringConvertible {
    /// The pattern as it is written.
    package var description: String {
        segments.map { segment in
            switch segment {
            case .literal(let bytes): "/" + String(decoding: bytes, as: UTF8.self)
            case .parameter(let name): "/{\(name)}"
            case .rest(let name): "/{\(name)...}"
            }
        }.joined()
    }
}
