import NIOCore

/// Reads request heads, strictly: everything that two parsers could read differently is refused.
package struct RequestHeadParser {
    /// The most bytes of a method.
    private static let longestMethod = 32

    private var finder = HeadFinder()
    var limits: HTTPLimits

    /// A parser for one connection.
    package init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Takes the next head from the buffer, or nil while it is incomplete.
    package mutating func next(_ buffer: inout ByteBuffer) throws(HTTPParseError) -> RequestHead? {
        // A stray empty line before a request is allowed (RFC 9112 section 2.2).
        while let line = buffer.getInteger(at: buffer.readerIndex, as: UInt16.self), line == 0x0D0A {
            buffer.moveReaderIndex(forwardBy: 2)
            finder = HeadFinder()
        }
        guard let bytes = try finder.next(&buffer, limit: limits.head) else {
            try Self.checkBeginning(buffer, limits)
            return nil
        }
        return try Self.parse(bytes, limits)
    }

    /// Refuses early what can't become a request, so that rubbish is not waited for.
    private static func checkBeginning(_ buffer: ByteBuffer, _ limits: HTTPLimits) throws(HTTPParseError) {
        let acceptable = buffer.withUnsafeReadableBytes { bytes -> Bool in
            for byte in bytes.prefix(longestMethod + 1) {
                if byte == 0x20 { return true }
                if ByteClass.table[Int(byte)] & ByteClass.token == 0 { return byte == 0x0D && bytes.count == 1 }
            }
            return bytes.count <= longestMethod
        }
        guard acceptable else { throw .malformed("this is not an HTTP/1 request") }
    }

    static func parse(_ bytes: [UInt8], _ limits: HTTPLimits) throws(HTTPParseError) -> RequestHead {
        let line = try bytes.withUnsafeBytesTyped { (raw) throws(HTTPParseError) in try requestLine(raw, limits) }
        let fields = try bytes.withUnsafeBytesTyped { (raw) throws(HTTPParseError) in
            try FieldScanner.scan(raw, from: line.end, limits: limits)
        }
        var head = RequestHead(
            method: line.method, headers: HeaderBlock(storage: bytes, fields: fields), framing: .none,
            isHTTP10: line.isHTTP10, keepAlive: !line.isHTTP10, expectsContinue: false, wantsUpgrade: false,
            methodEnd: line.methodEnd, targetStart: line.targetStart, targetEnd: line.targetEnd,
            pathStart: line.pathStart, pathEnd: line.pathEnd, sentStart: line.pathStart)
        try interpret(&head)
        return head
    }

    /// Derives framing, persistence, expectation and upgrade from the fields.
    private static func interpret(_ head: inout RequestHead) throws(HTTPParseError) {
        var hosts = 0
        var lengths = 0
        var codings = 0
        var upgrades = 0
        var leavesHTTP = true
        for field in head.headers.fields where field.known != .other {
            switch field.known {
            case .host:
                hosts += 1
                guard head.headers.withValue(field, Self.isAuthority) else {
                    throw .malformed("the Host header is not a host name with an optional port")
                }
            case .contentLength:
                lengths += 1
                guard let length = head.headers.withValue(field, FieldScanner.length) else {
                    throw .malformed("Content-Length is not a number")
                }
                head.framing = .length(length)
            case .transferEncoding:
                codings += 1
                guard head.headers.withValue(field, { $0.equalsIgnoringCase("chunked") }) else { throw .transferCoding }
            case .expect:
                guard head.headers.withValue(field, { $0.equalsIgnoringCase("100-continue") }) else {
                    throw .expectation
                }
                head.expectsContinue = !head.isHTTP10
            case .upgrade:
                upgrades += 1
                // What would change under HTTP itself is between neighbours (RFC 2817, RFC 9113), not for a server behind.
                leavesHTTP =
                    leavesHTTP
                    && !head.headers.withValue(field) {
                        HeaderBlock.list($0) { $0.equalsIgnoringCase("h2c") || $0.hasPrefix("tls/") }
                    }
            default: break
            }
        }
        if hosts > 1 { throw .malformed("more than one Host header") }
        if hosts == 0, !head.isHTTP10 { throw .malformed("the Host header is missing") }
        if lengths > 1 { throw .malformed("more than one Content-Length header") }
        if codings > 1 { throw .malformed("more than one Transfer-Encoding header") }
        if codings == 1 {
            if lengths > 0 { throw .malformed("both Content-Length and Transfer-Encoding") }
            if head.isHTTP10 { throw .malformed("Transfer-Encoding in an HTTP/1.0 request") }
            head.framing = .chunked
        }
        if head.framing == .length(0) { head.framing = .none }
        if head.framing == .none { head.expectsContinue = false }
        if head.headers.has(.connection, token: "close") { head.keepAlive = false }
        if head.isHTTP10, head.headers.has(.connection, token: "keep-alive") { head.keepAlive = true }
        head.wantsUpgrade =
            upgrades == 1 && leavesHTTP && !head.isHTTP10 && head.framing == .none
            && head.headers.has(.connection, token: "upgrade")
    }

    /// Whether every byte may stand in a host name or an address in brackets, and what follows the colon is a port.
    ///
    /// Servers cut other text differently: `localhost:1@evil` is one host for some and the other for others.
    private static func isAuthority(_ value: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let isBracketed = value.first == UInt8(ascii: "[")
        while index < value.count {
            switch value[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "%"):
                index += 1
                continue
            case UInt8(ascii: "[") where isBracketed && index == 0:
                index += 1
                continue
            case UInt8(ascii: ":") where isBracketed && !value[..<index].contains(UInt8(ascii: "]")):
                index += 1
                continue
            case UInt8(ascii: "]") where isBracketed && !value[..<index].contains(UInt8(ascii: "]")):
                index += 1
                guard index == value.count || value[index] == UInt8(ascii: ":") else { return false }
                continue
            case UInt8(ascii: ":"):
                return value[(index + 1)...].allSatisfy { $0 &- 0x30 < 10 } && value.count - index <= 6
            default:
                return false
            }
        }
        return !isBracketed || value.contains(UInt8(ascii: "]"))
    }

    private struct Line {
        var method: HTTPMethod
        var methodEnd: Int32 = 0
        var targetStart: Int32 = 0
        var targetEnd: Int32 = 0
        var pathStart: Int32 = 0
        var pathEnd: Int32 = 0
        var isHTTP10 = false
        var end = 0
    }

    private static func requestLine(
        _ bytes: UnsafeRawBufferPointer, _ limits: HTTPLimits
    ) throws(HTTPParseError) -> Line {
        let table = ByteClass.table
        var position = 0
        while position < bytes.count, table[Int(bytes[position])] & ByteClass.token != 0 { position += 1 }
        guard position > 0, position <= longestMethod, position < bytes.count, bytes[position] == 0x20 else {
            throw .malformed("this is not an HTTP/1 request")
        }
        var line = Line(method: HTTPMethod(UnsafeRawBufferPointer(rebasing: bytes[0..<position])))
        line.methodEnd = Int32(truncatingIfNeeded: position)
        position += 1
        let targetStart = position
        while position < bytes.count, table[Int(bytes[position])] & ByteClass.target != 0 { position += 1 }
        guard position > targetStart else { throw .malformed("the request target is empty") }
        guard position + 10 < bytes.count, bytes[position] == 0x20 else {
            throw .malformed("the request target has a character that is not allowed")
        }
        if position - targetStart > limits.target { throw .targetTooLong(limit: limits.target) }
        line.targetStart = Int32(truncatingIfNeeded: targetStart)
        line.targetEnd = Int32(truncatingIfNeeded: position)
        try splitTarget(&line, bytes)
        let version = UnsafeRawBufferPointer(rebasing: bytes[(position + 1)..<(position + 9)])
        guard version.starts(with: "HTTP/".utf8), bytes[position + 9] == 0x0D, bytes[position + 10] == 0x0A else {
            throw .malformed("the request line does not end with an HTTP version")
        }
        if version.elementsEqual("HTTP/1.0".utf8) {
            line.isHTTP10 = true
        } else if !version.elementsEqual("HTTP/1.1".utf8) {
            throw .version
        }
        line.end = position + 11
        return line
    }

    /// Finds path and query; an absolute form is reduced to them (the target is ours whatever authority it names).
    private static func splitTarget(_ line: inout Line, _ bytes: UnsafeRawBufferPointer) throws(HTTPParseError) {
        var start = Int(line.targetStart)
        let end = Int(line.targetEnd)
        if bytes[start] != UInt8(ascii: "/"), line.method != .connect {
            let target = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if target.count == 1, target[0] == UInt8(ascii: "*"), line.method == .options {
                line.pathStart = line.targetStart
                line.pathEnd = line.targetEnd
                return
            }
            let scheme = target.hasPrefix("http://") ? 7 : target.hasPrefix("https://") ? 8 : 0
            guard scheme > 0 else { throw .malformed("the request target does not start with a slash") }
            var authorityEnd = start + scheme
            while authorityEnd < end, bytes[authorityEnd] != UInt8(ascii: "/"), bytes[authorityEnd] != UInt8(ascii: "?")
            {
                if bytes[authorityEnd] == UInt8(ascii: "@") {
                    throw .malformed("the request target holds user information")
                }
                authorityEnd += 1
            }
            guard authorityEnd > start + scheme, authorityEnd < end, bytes[authorityEnd] == UInt8(ascii: "/") else {
                throw .malformed("the request target has no path")
            }
            start = authorityEnd
        }
        line.pathStart = Int32(truncatingIfNeeded: start)
        var pathEnd = start
        while pathEnd < end, bytes[pathEnd] != UInt8(ascii: "?") { pathEnd += 1 }
        line.pathEnd = Int32(truncatingIfNeeded: pathEnd)
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` that keeps the type of the error.
    @inline(__always)
    func withUnsafeBytesTyped<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        let result: Result<R, E> = withUnsafeBytes { raw in
            do throws(E) { return .success(try body(raw)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
