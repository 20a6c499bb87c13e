import HTTPKit
import NIOCore

/// Writes the heads of requests to origins.
///
/// End-to-end fields stay as they came, byte by byte; hop-by-hop fields (RFC 9110 section 7.6.1) and whatever claims an
/// identity don't pass, and where the client came from is stated by us alone. To another site than the upstream no
/// credential passes, nor what page or program made the request, nor what is replaced.
enum OutgoingHead {
    static func write(_ exchange: Exchange, _ outgoing: OutgoingRequest, allocator: ByteBufferAllocator) -> ByteBuffer {
        let request = exchange.request
        let headers = request.headers
        let rules = outgoing.rules
        var out = allocator.buffer(
            capacity: headers.storage.count + (outgoing.target?.count ?? 0) + rules.fields.storage.count
                + (rules.host?.count ?? 0) + 192)
        if let method = outgoing.method {
            out.writeStaticString(method.text)
        } else {
            request.withMethod { _ = out.writeBytes($0) }
        }
        out.writeInteger(UInt8(ascii: " "))
        if let target = outgoing.target {
            out.writeBytes(target)
        } else {
            request.withSentTarget { _ = out.writeBytes($0) }
        }
        out.writeStaticString(" HTTP/1.1\r\n")
        var head = FieldWriter(out)
        out = ByteBuffer()
        if let host = rules.host { head.add("Host", bytes: host) }
        copy(request, outgoing, into: &head)
        if rules.isUpstream {
            // The only transfer option that says something about the answer's end rather than about this hop.
            if headers.has(.te, token: "trailers") { head.add("TE", fixed: "trailers") }
            if request.isHTTP10, headers.first(.host) == nil { head.add("Host", fixed: "localhost") }
        }
        if let authorization = outgoing.authorization { head.add("Authorization", bytes: authorization) }
        if let cookie = outgoing.cookie { head.add("Cookie", bytes: cookie) }
        head.add(rules.fields)
        head.add(outgoing.fields)
        if rules.statesClient {
            stateClient(exchange, into: &head)
        } else if !exchange.peer.address.isEmpty {
            head.add("X-Forwarded-For", exchange.peer.address)
        }
        if let body = outgoing.body {
            head.addLength(body.readableBytes)
        } else {
            writeFraming(request, into: &head)
        }
        return head.finished()
    }

    /// The client's fields that go on.
    private static func copy(_ request: RequestHead, _ outgoing: OutgoingRequest, into head: inout FieldWriter) {
        let headers = request.headers
        let isUpstream = outgoing.rules.isUpstream
        let keepsHost = isUpstream && !request.isHTTP10
        let dropsByName = outgoing.dropsByName
        let named = ConnectionOptions(headers)
        head.copy(headers) { field in
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .upgrade,
                .transferEncoding, .contentLength, .identity, .xForwarded, .xRealIP, .forwarded, .te:
                return false
            case .host where keepsHost: return true
            case .host, .authorization, .cookie, .pageOrigin, .secFetchSite, .trailer:
                guard isUpstream else { return false }
            default: break
            }
            if named.contains(headers, field) { return false }
            return !dropsByName || !headers.withName(field) { outgoing.drops($0) }
        }
    }

    /// How the body is framed, and the upgrade that is asked for.
    private static func writeFraming(_ request: RequestHead, into head: inout FieldWriter) {
        let headers = request.headers
        switch request.body {
        case .known(let length): head.addLength(length)
        case .unknown: head.add("Transfer-Encoding", fixed: "chunked")
        case .none:
            // A method that usually has a body states that it has none (RFC 9110 section 8.6).
            if headers.first(.contentLength) != nil { head.addLength(0) }
        }
        if request.wantsUpgrade, let upgrade = headers.first(.upgrade) {
            head.add("Connection", fixed: "Upgrade")
            head.copy(headers, upgrade)
        }
    }

    /// States where the request came from; Grafana takes the client's address from here.
    private static func stateClient(_ exchange: Exchange, into head: inout FieldWriter) {
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
    /// - Parameter outgoing: the request, of whose trailers as much is left out as of its head; nil for an answer's.
    static func trailers(_ trailers: HeaderBlock, _ outgoing: OutgoingRequest? = nil) -> HeaderBlock {
        trailers.filter { field in
            guard field.known == .other else { return false }
            guard let outgoing, outgoing.dropsByName else { return true }
            return !trailers.withName(field) { outgoing.drops($0) }
        }
    }
}
