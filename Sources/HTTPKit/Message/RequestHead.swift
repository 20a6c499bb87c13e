/// How the end of a body is known.
package enum BodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// So many bytes.
    case length(Int)
    /// Chunks, possibly with trailers.
    case chunked
    /// Everything until the peer closes (answers only).
    case untilClose
}

/// The methods that the gateway knows; others are kept as bytes.
package enum HTTPMethod: UInt8, Sendable {
    case get, head, post, put, patch, delete, options, connect, trace, other

    /// Recognises a method token; methods are case-sensitive.
    init(_ token: UnsafeRawBufferPointer) {
        func matches(_ text: StaticString) -> Bool {
            guard token.count == text.utf8CodeUnitCount else { return false }
            for index in 0..<token.count where token[index] != text.utf8Start[index] { return false }
            return true
        }
        self =
            if matches("GET") { .get } else if matches("POST") { .post } else if matches("HEAD") {
                .head
            } else if matches(
                "PUT")
            { .put } else if matches("PATCH") { .patch } else if matches("DELETE") {
                .delete
            } else if matches("OPTIONS") {
                .options
            } else if matches("CONNECT") { .connect } else if matches("TRACE") { .trace } else { .other }
    }

    /// The method of a token.
    package init(_ token: String) {
        var token = token
        self = token.withUTF8 { HTTPMethod(UnsafeRawBufferPointer($0)) }
    }

    /// Whether sending it twice does no more than sending it once (RFC 9110 section 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}

/// The head of a request as the client sent it.
package struct RequestHead: Sendable {
    /// The recognised method.
    package internal(set) var method: HTTPMethod
    /// Header fields; the block also holds the request line.
    package internal(set) var headers: HeaderBlock
    /// The body's framing.
    package internal(set) var framing: BodyFraming
    /// Whether it is HTTP/1.0.
    package internal(set) var isHTTP10: Bool
    /// Whether the connection may carry another request afterwards.
    package internal(set) var keepAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    package internal(set) var expectsContinue: Bool
    /// Whether the client asks to leave HTTP on this connection (`Connection: upgrade` with an `Upgrade` other than h2c and TLS).
    package internal(set) var wantsUpgrade: Bool

    var methodEnd: Int32
    var targetStart: Int32
    var targetEnd: Int32
    /// Where the path begins as handlers read it: behind the base path that the upstream lies below.
    var pathStart: Int32
    var pathEnd: Int32
    /// Where the path begins as it was sent, and goes on.
    var sentStart: Int32

    /// The method as text.
    package var methodText: String { text(0, methodEnd) }
    /// The path without the query.
    package var path: String { text(pathStart, pathEnd) }
    /// The path as sent, with the base path.
    package var sentPath: String { text(sentStart, pathEnd) }
    /// The path and query.
    package var target: String { text(pathStart, targetEnd) }

    /// Calls `body` with the raw bytes of the path, without the query.
    @inline(__always)
    package func withPath<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try headers.storage.withUnsafeBytes { try body(HeaderBlock.slice($0, pathStart, pathEnd)) }
    }

    /// Calls `body` with the raw bytes of path and query, in origin form.
    @inline(__always)
    package func withTarget<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try headers.storage.withUnsafeBytes { try body(HeaderBlock.slice($0, pathStart, targetEnd)) }
    }

    /// Calls `body` with the raw bytes of path and query as they were sent, with the base path.
    @inline(__always)
    package func withSentTarget<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try headers.storage.withUnsafeBytes { try body(HeaderBlock.slice($0, sentStart, targetEnd)) }
    }

    /// Whether the path lies below a base path, as its bytes stand; if so, it is read without it from now on.
    mutating func enter(_ base: [UInt8]) -> Bool {
        let isBelow = withPath { path in
            path.count > base.count && path[base.count] == UInt8(ascii: "/") && path.starts(with: base)
        }
        if isBelow { pathStart += Int32(truncatingIfNeeded: base.count) }
        return isBelow
    }

    /// Calls `body` with the raw bytes of the query, without `?`; empty when there is none.
    package func withQuery<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        let start = pathEnd < targetEnd ? pathEnd + 1 : targetEnd
        return try headers.storage.withUnsafeBytes { try body(HeaderBlock.slice($0, start, targetEnd)) }
    }

    /// Calls `body` with the bytes of the method.
    @inline(__always)
    package func withMethod<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        headers.storage.withUnsafeBytes { body(HeaderBlock.slice($0, 0, methodEnd)) }
    }

    private func text(_ start: Int32, _ end: Int32) -> String {
        headers.storage.withUnsafeBytes { String(decoding: HeaderBlock.slice($0, start, end), as: UTF8.self) }
    }
}
