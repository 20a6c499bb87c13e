import Bytes
import DataPlaneAPI

extension RequestHead {
    /// The query taken apart.
    ///
    /// Whoever decides by a parameter reads it here, so that two never read it differently.
    package var query: QueryText { withQuery { QueryText($0) } }

    /// Whether the query asks for indented JSON (`pretty`, `pretty=1` or `pretty=true`, as Kubernetes reads it); nil when
    /// it says nothing about it.
    package var prettyWish: Bool? {
        // Almost no query says anything, so it isn't taken apart for nothing.
        let mayWish = withQuery { query in
            query.split(separator: UInt8(ascii: "&")).contains { part in
                part.starts(with: "pretty".utf8) || part.first == UInt8(ascii: "%")
            }
        }
        guard mayWish, let wish = query["pretty"] else { return nil }
        return wish == "1" || wish == "true" || wish.isEmpty
    }
}

extension QueryText {
    /// The bytes of a parameter's first value; nil when it isn't given.
    ///
    /// - Throws: 400 when it is given in a form that can't be read.
    package func readableBytes(_ name: String) throws(GatewayError) -> [UInt8]? {
        if badNames.contains(name) { throw .badEscape(name) }
        return bytes(name)
    }

    /// A parameter's first value; nil when it isn't given.
    ///
    /// - Throws: 400 when it is given in a form that can't be read.
    package func readable(_ name: String) throws(GatewayError) -> String? {
        try readableBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension GatewayError {
    /// The 400 for a query parameter with a broken escape.
    package static func badEscape(_ name: String) -> GatewayError {
        GatewayError(.badRequest, "the query parameter \(name) has a % that no two hexadecimal digits follow")
    }
}
