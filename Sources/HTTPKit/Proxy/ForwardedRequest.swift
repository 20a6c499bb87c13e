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
        var head = FieldWriter(out)
        out = ByteBuffer()
        let named = ConnectionOptions(headers)
        head.copy(headers) { field in
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .upgrade,
                .transferEncoding, .contentLength, .identity, .xForwarded, .xRealIP, .forwarded, .te:
                return false
            case .host where request.isHTTP10 == false: return true
            default:
                if named.contains(headers, field) { return false }
                guard let call else { return true }
                return !headers.withName(field) { call.replaced.contains($0) }
            }
        }
        // The only transfer option that says something about the answer's end rather than about this hop.
        if headers.has(.te, token: "trailers") { head.add("TE", fixed: "trailers") }
        if let call { head.add(call.fields) }
        if request.isHTTP10, headers.first(.host) == nil { head.add("Host", fixed: "localhost") }
        writeOrigin(exchange, into: &head)
        if let body = call?.body {
            head.out.writeLengthField(body.readableBytes)
            head.out.writeStaticString("\r\n")
        } else {
            writeFraming(request, into: &head)
        }
        return head.out
    }

    /// How the body is framed, the upgrade that is asked for, and the end of the head.
    static func writeFraming(_ request: RequestHead, into head: inout FieldWriter) {
        let headers = request.headers
        switch request.body {
        case .known(let length): head.out.writeLengthField(length)
        case .unknown: head.add("Transfer-Encoding", fixed: "chunked")
        case .none:
            // A method that usually has a body states that it has none (RFC 9110 section 8.6).
            if headers.first(.contentLength) != nil { head.out.writeLengthField(0) }
        }
        if request.wantsUpgrade, let upgrade = headers.first(.upgrade) {
            head.add("Connection", fixed: "Upgrade")
            head.copy(headers, upgrade)
        }
        head.out.writeStaticString("\r\n")
    }

    /// States where the request came from; Grafana takes the client's address from here.
    static func writeOrigin(_ exchange: Exchange, into head: inout FieldWriter) {
        let address = exchange.peer.address
        if !address.isEmpty {
            head.add("X-Forwarded-For", address)
            head.add("X-Real-IP", address)
        }
        head.add("X-Forwarded-Proto", fixed: exchange.peer.isTLS ? "https" : "http")
        let headers = exchange.request.headers
        if let host = headers.first(.host) {
            headers.withValue(host) { head.add("X-Forwarded-Host", bytes: $0) }
        }
    }

    /// Trailers that may pass: none that frames, routes or identifies (RFC 9110 section 6.5.1).
    ///
    /// - Parameter rules: those of another server than the upstream, which leave out as much of trailers as of heads.
    static func trailers(_ trailers: HeaderBlock, _ rules: ProxyRules? = nil) -> HeaderBlock {
        trailers.filter { field in
            guard field.known == .other else { return false }
            guard let rules else { return true }
            return !trailers.withName(field) { rules.drops($0) || rules.replaced.contains($0) }
        }
    }
}
