import Bytes
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
            // As Go's URL type writes it; an escaped slash stays data of its segment.
            Percent.append(segment, keeping: .goSegment, to: &escaped)
        }
        self.path = path
        self.escaped = escaped
    }

    /// The path as Go's URL type writes it, with the raw query behind it where there is one.
    package func url(query: UnsafeRawBufferPointer) -> [UInt8] {
        query.isEmpty ? escaped : escaped + [UInt8(ascii: "?")] + query
    }
}
