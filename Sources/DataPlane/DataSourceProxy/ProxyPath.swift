import DataPlaneAPI

/// The part of a request's path that goes on to a data source.
struct ProxyPath {
    /// The bytes as they came, without slashes at the start.
    let raw: ArraySlice<UInt8>
    /// The decoded path with single slashes between its parts: what rules compare.
    ///
    /// An encoded slash separates too, as it may for the server that gets the path.
    let plain: [UInt8]
    /// The decoded segments that aren't empty; an encoded slash is part of its segment.
    let segments: [ArraySlice<UInt8>]

    /// The path behind a segment.
    ///
    /// - Throws: 400 for a path that a server may read as one beside the data source's own.
    init(_ path: CanonicalPath, from index: Int) throws(GatewayError) {
        raw = path.rawSuffix(from: index).drop { $0 == UInt8(ascii: "/") }
        var plain: [UInt8] = []
        segments = (max(0, index)..<max(0, index, path.count)).map { path[$0] }.filter { !$0.isEmpty }
        for segment in segments {
            for part in segment.split(whereSeparator: { $0 == UInt8(ascii: "/") }) {
                let isDotted = part.split(separator: UInt8(ascii: "\\")).contains { piece in
                    // Some servers cut parameters off before they look for dots.
                    let name = piece.prefix { $0 != UInt8(ascii: ";") }
                    return name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)
                }
                guard !isDotted else {
                    throw GatewayError(
                        .badRequest, "the path has a dot segment behind an encoded slash; send it in its plain form")
                }
                if !plain.isEmpty { plain.append(UInt8(ascii: "/")) }
                plain += part
            }
        }
        self.plain = plain
    }

    /// The segments as they came, each for one of `segments`.
    var rawSegments: [ArraySlice<UInt8>] { raw.split(separator: UInt8(ascii: "/")) }

    /// Whether it ends with a slash.
    var hasSlashAtEnd: Bool { raw.last == UInt8(ascii: "/") }
}
