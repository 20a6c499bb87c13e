import DataPlaneAPI

/// The part of a request's path that belongs to a plugin, in the two forms that plugins read.
package struct ResourcePath: Sendable, Equatable {
    /// The decoded path without a slash at its start; empty for the root.
    package let path: [UInt8]
    private let escaped: [UInt8]

    /// The path from a segment on: `resources/a/b` from the segment behind `resources`.
    package init(_ path: CanonicalPath, from index: Int) {
        self.init(segments: (max(0, index)..<max(0, index, path.count)).map { path[$0] })
    }

    /// A path of decoded segments.
    package init(segments: [ArraySlice<UInt8>]) {
        // Slashes at the start are no part of the path, further ones are.
        let segments = segments.drop { $0.isEmpty }
        var path: [UInt8] = []
        var escaped: [UInt8] = []
        for (index, segment) in segments.enumerated() {
            if index > 0 {
                path.append(UInt8(ascii: "/"))
                escaped.append(UInt8(ascii: "/"))
            } else if segment.contains(UInt8(ascii: ":")) {
                // Or it would be read as a scheme.
                escaped += Array("./".utf8)
            }
            path += segment
            for byte in segment { Self.escape(byte, to: &escaped) }
        }
        self.path = path
        self.escaped = escaped
    }

    /// The path as Go's URL type writes it, with the raw query behind it where there is one.
    package func url(query: UnsafeRawBufferPointer) -> [UInt8] {
        query.isEmpty ? escaped : escaped + [UInt8(ascii: "?")] + query
    }

    /// Go escapes what isn't unreserved or one of `$&+,/:;=@` (an escaped slash stays data of its segment).
    private static func escape(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            out.append(byte)
        default:
            guard !"-_.~$&+,:;=@".utf8.contains(byte) else { return out.append(byte) }
            let digits = Array("0123456789ABCDEF".utf8)
            out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
