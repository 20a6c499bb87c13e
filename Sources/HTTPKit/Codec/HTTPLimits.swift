/// How large the parts of a message head may be; each limit has its own error.
package struct HTTPLimits: Sendable {
    /// The whole head (first line and all fields), bytes.
    package var head = 64 * 1024
    /// The request target, bytes.
    package var target = 32 * 1024
    /// Number of fields.
    package var fields = 128
    /// Bytes of body that are kept unread before the connection stops reading.
    package var readAhead = 64 * 1024
    /// Names that are read as claims of an identity, beside the known ones.
    package var identityNames = IdentityNames()

    /// The default limits, for answers of servers and for connections of the gateway's own.
    package init() {}

    /// What clients may send: cookies and links that Grafana takes pass.
    package static let requests: HTTPLimits = {
        var limits = HTTPLimits()
        limits.head = 256 * 1024
        limits.target = 38 * 1024
        limits.fields = 192
        return limits
    }()
}

/// Why bytes are not an acceptable HTTP/1 message.
package enum HTTPParseError: Error, Sendable, Equatable {
    /// Not HTTP, or ambiguous: says what is wrong.
    case malformed(String)
    /// The head passes a limit: 431.
    case headTooLarge(limit: Int)
    /// Too many fields: 431.
    case tooManyFields(limit: Int)
    /// The target passes its limit: 414.
    case targetTooLong(limit: Int)
    /// A version other than 1.0 and 1.1: 505.
    case version
    /// A transfer coding other than chunked: 501.
    case transferCoding
    /// An expectation other than 100-continue: 417.
    case expectation
}
