import NIOCore

/// Writes the head that goes on to the next server.
///
/// Method, path, query and end-to-end fields stay as they came, byte by byte; hop-by-hop fields (RFC 9110 section 7.6.1)
/// and whatever claims an identity don't pass, and where the client came from is stated by us alone.
enum ForwardedRequest {
    /// - Parameter call: how it differs from what the client sent; nil when it doesn't.
    static func head(
        _ exchange: Exchange, _ call: UpstreamCall? = nil, allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        let request = exchange.request
        let headers = request.headers
        var out = allocator.buffer(capacity: headers.storage.count + 160 + (call?.target.count ?? 0))
        if let method = call?.method {
            out.writeStaticString(method.text)
        } else {
            request.withMethod { _ = out.writeBytes($0) }
        }
        out.writeInteger(UInt8(ascii: " "))
        if let call { out.writeBytes(call.target) } else { request.withSentTarget { _ = out.writeBytes($0) } }
        out.writeStaticString(" HTTP/1.1\r\n")
        let named = ConnectionOptions(headers)
        for field in headers.fields {
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .upgrade,
                .transferEncoding, .contentLength, .identity, .xForwarded, .xRealIP, .forwarded:
                continue
            case .te:
                // The only transfer option that says something about the answer's end rather than about this hop.
                if headers.withValue(field, { HeaderBlock.list($0) { $0.equalsIgnoringCase("trailers") } }) {
                    out.writeStaticString("TE: trailers\r\n")
                }
                continue
            case .host where request.isHTTP10 == false: break
            default:
                if named.contains(headers, field) { continue }
                if let call, headers.withName(field, { call.replaced.contains($0) }) { continue }
            }
            out.copyField(headers, field)
        }
        if let call { out.writeBytes(call.fields) }
        if request.isHTTP10, headers.first(.host) == nil { out.writeStaticString("Host: localhost\r\n") }
        writeOrigin(exchange, into: &out)
        if let body = call?.body {
            out.writeLengthField(body.readableBytes)
            out.writeStaticString("\r\n")
        } else {
            writeFraming(request, into: &out)
        }
        return out
    }

    /// How the body is framed, the upgrade that is asked for, and the end of the head.
    static func writeFraming(_ request: RequestHead, into out: inout ByteBuffer) {
        let headers = request.headers
        switch request.framing {
        case .length(let length): out.writeLengthField(length)
        case .chunked: out.writeStaticString("Transfer-Encoding: chunked\r\n")
        case .none, .untilClose:
            // A method that usually has a body states that it has none (RFC 9110 section 8.6).
            if headers.first(.contentLength) != nil { out.writeLengthField(0) }
        }
        if request.wantsUpgrade, let upgrade = headers.first(.upgrade) {
            out.writeStaticString("Connection: Upgrade\r\n")
            out.copyField(headers, upgrade)
        }
        out.writeStaticString("\r\n")
    }

    /// States where the request came from; Grafana takes the client's address from here.
    static func writeOrigin(_ exchange: Exchange, into out: inout ByteBuffer) {
        let address = exchange.peer.address
        if !address.isEmpty {
            out.writeStaticString("X-Forwarded-For: ")
            out.writeString(address)
            out.writeStaticString("\r\nX-Real-IP: ")
            out.writeString(address)
            out.writeStaticString("\r\n")
        }
        out.writeStaticString(exchange.peer.isTLS ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n")
        let headers = exchange.request.headers
        if let host = headers.first(.host) {
            out.writeStaticString("X-Forwarded-Host: ")
            headers.withValue(host) { _ = out.writeBytes($0) }
            out.writeStaticString("\r\n")
        }
    }

    /// Trailers that may pass: none that frames, routes or identifies (RFC 9110 section 6.5.1).
    ///
    /// - Parameter rules: those of another server than the upstream, which leave out as much of trailers as of heads.
    static func trailers(_ trailers: HeaderBlock, _ rules: ProxyRules? = nil) -> ByteBuffer {
        var out = ByteBuffer()
        for field in trailers.fields where field.known == .other {
            if let rules, trailers.withName(field, { rules.drops($0) || rules.replaced.contains($0) }) { continue }
            out.copyField(trailers, field)
        }
        return out
    }
}

/// The field names that a `Connection` header declares hop-by-hop.
struct ConnectionOptions {
    private var names: [[UInt8]] = []

    init(_ headers: HeaderBlock) {
        for field in headers.fields where field.known == .connection {
            headers.withValue(field) { value in
                _ = HeaderBlock.list(value) { token in
                    if !token.equalsIgnoringCase("close"), !token.equalsIgnoringCase("keep-alive"),
                        !token.equalsIgnoringCase("upgrade")
                    {
                        names.append(token.map(Self.lower))
                    }
                    return false
                }
            }
        }
    }

    /// Whether the field is among them.
    ///
    /// End-to-end fields that every hop relies on can't be named away.
    func contains(_ headers: HeaderBlock, _ field: HeaderBlock.Field) -> Bool {
        guard !names.isEmpty else { return false }
        switch field.known {
        case .host, .authorization, .cookie, .contentType, .origin: return false
        default: break
        }
        return headers.withName(field) { name in
            names.contains { $0.elementsEqual(name.lazy.map(Self.lower)) }
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

extension ByteBuffer {
    /// Copies one field as it was spelled.
    mutating func copyField(_ headers: HeaderBlock, _ field: HeaderBlock.Field) {
        headers.withName(field) { _ = writeBytes($0) }
        writeStaticString(": ")
        headers.withValue(field) { _ = writeBytes($0) }
        writeStaticString("\r\n")
    }
}
