import Bytes

/// The prefixes of paths that the gateway answers itself.
package struct OwnedPrefixes: Sendable {
    /// One prefix.
    private struct Prefix {
        var segments: [[UInt8]]
        var isExact: Bool
    }

    private let prefixes: [Prefix]

    /// Creates the set from paths such as `/apis`.
    ///
    /// - `below`: these paths and everything below them.
    /// - `exactly`: these paths alone.
    package init(below: [String], exactly: [String] = []) {
        prefixes =
            below.map { Prefix(segments: Self.split(Array($0.utf8)), isExact: false) }
            + exactly.map { Prefix(segments: Self.split(Array($0.utf8)), isExact: true) }
    }

    /// Whether the gateway owns a path by its canonical segments.
    package func contains(_ path: CanonicalPath) -> Bool {
        prefixes.contains { prefix in
            guard path.count >= prefix.segments.count, !prefix.isExact || path.count == prefix.segments.count else {
                return false
            }
            return prefix.segments.indices.allSatisfy { path.segment($0, equals: prefix.segments[$0]) }
        }
    }

    /// Whether a path lies below an owned prefix as its bytes stand, no escape decoded.
    package func containsLiterally(_ raw: [UInt8]) -> Bool {
        prefixes.contains { prefix in
            let text: [UInt8] = prefix.segments.flatMap { (segment: [UInt8]) -> [UInt8] in [0x2F] + segment }
            guard raw.starts(with: text) else { return false }
            return raw.count == text.count || !prefix.isExact && raw[text.count] == 0x2F
        }
    }

    /// Whether a server behind us that normalises paths could take this one for a path we own though we don't.
    ///
    /// Such a request is refused with 400: passed on, it would go around the rules for owned paths. Normalising here
    /// means all that servers do: escapes decoded (also twice), backslash as slash, slashes collapsed, dots resolved,
    /// parameters after `;` cut off.
    package func isEscapedTo(by path: CanonicalPath) -> Bool {
        guard Self.canDiffer(path.raw), !contains(path) else { return false }
        var bytes = path.raw
        for _ in 0..<3 {
            if Reading.all.contains(where: { owns(Self.normalised(bytes, $0)) }) { return true }
            let decoded = Self.decodedOnce(bytes)
            if decoded == bytes { return false }
            bytes = decoded
        }
        return false
    }

    private func owns(_ segments: [[UInt8]]) -> Bool {
        prefixes.contains { prefix in
            prefix.isExact ? segments == prefix.segments : segments.starts(with: prefix.segments)
        }
    }

    /// Whether normalising can change a path at all; almost no path passes this.
    private static func canDiffer(_ raw: [UInt8]) -> Bool {
        var previous: UInt8 = 0
        for byte in raw {
            if byte == 0x25 || byte == 0x5C || byte == 0x3B { return true }
            if previous == 0x2F, byte == 0x2F || byte == 0x2E { return true }
            previous = byte
        }
        // A slash at the end is dropped by some servers.
        return raw.count > 1 && previous == 0x2F || raw.first != 0x2F
    }

    private static func decodedOnce(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x25, index + 2 < bytes.count,
                let value = Percent.byte(bytes[index + 1], bytes[index + 2])
            {
                out.append(value)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return out
    }

    /// How a server may read a path: each of these differs between servers that are in use.
    private struct Reading {
        var backslashIsSlash: Bool
        var cutsParameters: Bool
        var keepsEmpty: Bool

        static let all = (0..<8).map { bits in
            Reading(backslashIsSlash: bits & 1 != 0, cutsParameters: bits & 2 != 0, keepsEmpty: bits & 4 != 0)
        }
    }

    private static func normalised(_ bytes: [UInt8], _ reading: Reading) -> [[UInt8]] {
        var result: [[UInt8]] = []
        let parts = bytes.split(omittingEmptySubsequences: !reading.keepsEmpty) { byte in
            byte == 0x2F || (reading.backslashIsSlash && byte == 0x5C)
        }
        for segment in parts.dropFirst(reading.keepsEmpty ? 1 : 0) {
            let name = Array(reading.cutsParameters ? segment.prefix { $0 != 0x3B } : segment)
            switch name {
            case [0x2E]: continue
            case [0x2E, 0x2E]: if !result.isEmpty { result.removeLast() }
            default: result.append(name)
            }
        }
        return result.filter { !$0.isEmpty }
    }

    private static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: 0x2F, omittingEmptySubsequences: true).map { Array($0) }
    }
}
