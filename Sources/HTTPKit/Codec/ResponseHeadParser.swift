import NIOCore

/// Reads answer heads of a server that we sent a request to.
///
/// Servers are old and many, so what has one meaning only is read: a line feed alone ends a line, blanks may stand before
/// a colon. It is written on properly. What two readers could take differently is refused as in requests.
package struct ResponseHeadParser {
    private var finder = HeadFinder(isLenient: true)
    /// The bounds.
    package let limits: HTTPLimits

    /// A parser of the answers of one connection.
    package init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Takes the next head from the buffer, or nil while it is incomplete.
    ///
    /// - Parameter method: the method that is answered; a HEAD answer has no body.
    package mutating func next(_ buffer: inout ByteBuffer, method: HTTPMethod) throws(HTTPParseError) -> ResponseHead? {
        guard let bytes = try finder.next(&buffer, limit: limits.head) else {
            // A server that speaks something else may never send an empty line.
            guard buffer.withUnsafeReadableBytes({ Self.mayBegin($0) }) else {
                throw .malformed("this is not an HTTP/1 answer")
            }
            return nil
        }
        return try Self.parse(bytes, limits, method)
    }

    private static func mayBegin(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.prefix(7).elementsEqual("HTTP/1.".utf8.prefix(bytes.count))
    }

    static func parse(
        _ bytes: [UInt8], _ limits: HTTPLimits, _ method: HTTPMethod
    ) throws(HTTPParseError) -> ResponseHead {
        // "HTTP/1.1 200 reason": the reason, and the space before it, may be missing.
        guard bytes.count >= 16, bytes.starts(with: "HTTP/1.".utf8), bytes[8] == 0x20,
            bytes[7] == UInt8(ascii: "1") || bytes[7] == UInt8(ascii: "0")
        else { throw .malformed("this is not an HTTP/1 answer") }
        let digits = bytes[9...11]
        guard digits.allSatisfy({ $0 &- 0x30 < 10 }), bytes[9] > UInt8(ascii: "0") else {
            throw .malformed("the status is not a number")
        }
        let status = digits.reduce(0) { $0 &* 10 &+ Int($1 &- 0x30) }
        guard bytes[12] == 0x20 || bytes[12] == 0x0D else { throw .malformed("the status line is malformed") }
        let reasonStart = bytes[12] == 0x20 ? 13 : 12
        guard let reasonEnd = bytes[reasonStart...].firstIndex(where: { $0 < 0x20 && $0 != 0x09 }),
            reasonEnd + 1 < bytes.count, bytes[reasonEnd] == 0x0D, bytes[reasonEnd + 1] == 0x0A
        else { throw .malformed("the status line is malformed") }
        let fields = try bytes.withUnsafeBytesTyped { (raw) throws(HTTPParseError) in
            try FieldScanner.scan(raw, from: reasonEnd + 2, limits: limits, isLenient: true)
        }
        let isHTTP10 = bytes[7] == UInt8(ascii: "0")
        var head = ResponseHead(
            status: status, headers: HeaderBlock(storage: bytes, fields: fields), framing: .untilClose,
            statedLength: nil,
            keepAlive: !isHTTP10, reasonStart: Int32(truncatingIfNeeded: reasonStart),
            reasonEnd: Int32(truncatingIfNeeded: reasonEnd))
        try interpret(&head, method, isHTTP10)
        return head
    }

    private static func interpret(
        _ head: inout ResponseHead, _ method: HTTPMethod, _ isHTTP10: Bool
    ) throws(HTTPParseError) {
        var chunked = false
        for field in head.headers.fields {
            switch field.known {
            case .contentLength:
                guard let length = head.headers.withValue(field, FieldScanner.length) else {
                    throw .malformed("Content-Length is not a number")
                }
                if let earlier = head.statedLength, earlier != length {
                    throw .malformed("Content-Length headers that differ")
                }
                head.statedLength = length
            case .transferEncoding:
                guard !chunked, head.headers.withValue(field, { $0.equalsIgnoringCase("chunked") }) else {
                    throw .transferCoding
                }
                chunked = true
            default: break
            }
        }
        if chunked, head.statedLength != nil { throw .malformed("both Content-Length and Transfer-Encoding") }
        if method == .head || head.status == 204 || head.status == 304 || head.status < 200 {
            head.framing = .none
        } else if chunked {
            head.framing = .chunked
        } else if let length = head.statedLength {
            head.framing = length == 0 ? .none : .length(length)
        }
        if head.headers.has(.connection, token: "close") { head.keepAlive = false }
        if isHTTP10, head.headers.has(.connection, token: "keep-alive") { head.keepAlive = true }
        if head.framing == .untilClose { head.keepAlive = false }
    }
}
