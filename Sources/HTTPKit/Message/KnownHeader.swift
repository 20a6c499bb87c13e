/// Header names that the gateway itself acts on, recognised once while a head is parsed.
package enum KnownHeader: UInt8, Sendable {
    case other
    case accept
    case authorization
    case connection
    case contentEncoding
    case contentLength
    case contentType
    case cookie
    case date
    case expect
    case forwarded
    case host
    case keepAlive
    /// The browser's `Origin`: which page makes the request.
    case pageOrigin
    case proxyAuthenticate
    case proxyAuthorization
    case proxyConnection
    case secFetchSite
    case secWebSocketProtocol
    case server
    case setCookie
    case te
    case trailer
    case transferEncoding
    case upgrade
    /// `X-Forwarded-*`: where the client came from; only the gateway itself says that.
    case xForwarded
    case xRealIP
    /// A name that claims an identity, with `-` or `_`; never passed on.
    ///
    /// `X-Remote-*` and `Impersonate-*` are Kubernetes'; `X-WEBAUTH-*` is Grafana's auth proxy by default; `Remote-*`,
    /// `X-Forwarded-User` and its kin, `X-Auth-Request-*` and client certificate headers are what common proxies use and
    /// a server behind may be configured to trust; `X-Grafana-User` is what Grafana tells data sources.
    case identity

    /// Recognises a name, whatever its case.
    static func of(_ name: UnsafeRawBufferPointer) -> KnownHeader {
        guard let first = name.first else { return .other }
        switch first | 0x20 {
        case UInt8(ascii: "a"):
            if name.equals("accept") { return .accept }
            if name.equals("authorization") { return .authorization }
        case UInt8(ascii: "c"):
            if name.equals("connection") { return .connection }
            if name.equals("content-encoding") { return .contentEncoding }
            if name.equals("content-length") { return .contentLength }
            if name.equals("content-type") { return .contentType }
            if name.equals("cookie") { return .cookie }
        case UInt8(ascii: "d"):
            if name.equals("date") { return .date }
        case UInt8(ascii: "e"):
            if name.equals("expect") { return .expect }
        case UInt8(ascii: "f"):
            if name.equals("forwarded") { return .forwarded }
        case UInt8(ascii: "h"):
            if name.equals("host") { return .host }
        case UInt8(ascii: "i"):
            if name.hasPrefix("impersonate-") { return .identity }
        case UInt8(ascii: "k"):
            if name.equals("keep-alive") { return .keepAlive }
        case UInt8(ascii: "o"):
            if name.equals("origin") { return .pageOrigin }
        case UInt8(ascii: "p"):
            if name.equals("proxy-authenticate") { return .proxyAuthenticate }
            if name.equals("proxy-authorization") { return .proxyAuthorization }
            if name.equals("proxy-connection") { return .proxyConnection }
        case UInt8(ascii: "r"):
            if name.hasPrefix("remote-") { return .identity }
        case UInt8(ascii: "s"):
            if name.equals("sec-fetch-site") { return .secFetchSite }
            if name.equals("sec-websocket-protocol") { return .secWebSocketProtocol }
            if name.hasPrefix("ssl-client-") { return .identity }
            if name.equals("server") { return .server }
            if name.equals("set-cookie") { return .setCookie }
        case UInt8(ascii: "t"):
            if name.equals("te") { return .te }
            if name.equals("trailer") { return .trailer }
            if name.equals("transfer-encoding") { return .transferEncoding }
        case UInt8(ascii: "u"):
            if name.equals("upgrade") { return .upgrade }
        case UInt8(ascii: "x"):
            return ofX(name)
        default: break
        }
        return .other
    }

    /// Recognises a name that begins with `x`.
    private static func ofX(_ name: UnsafeRawBufferPointer) -> KnownHeader {
        if name.hasPrefix("x-forwarded-") {
            let isIdentity =
                name.equals("x-forwarded-user") || name.equals("x-forwarded-email") || name.equals("x-forwarded-groups")
                || name.equals("x-forwarded-preferred-username") || name.equals("x-forwarded-access-token")
                || name.equals("x-forwarded-client-cert")
            return isIdentity ? .identity : .xForwarded
        }
        if name.hasPrefix("x-remote-") || name.hasPrefix("x-webauth-") || name.hasPrefix("x-auth-request-")
            || name.hasPrefix("x-ssl-client-") || name.equals("x-client-cert") || name.equals("x-grafana-user")
        {
            return .identity
        }
        return name.equals("x-real-ip") ? .xRealIP : .other
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are this lower-case ASCII text, ignoring case; `_` counts as `-`.
    ///
    /// Servers behind us (CGI-like ones above all) take `X_Remote_User` for `X-Remote-User`.
    @inline(__always)
    package func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefix(text)
    }

    /// Whether the bytes start with this lower-case ASCII text, ignoring case; `_` counts as `-`.
    @inline(__always)
    package func hasPrefix(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        let wanted = text.utf8Start
        for index in 0..<text.utf8CodeUnitCount {
            var byte = self[index]
            if byte &- 0x41 < 26 { byte |= 0x20 } else if byte == UInt8(ascii: "_") { byte = UInt8(ascii: "-") }
            if byte != wanted[index] { return false }
        }
        return true
    }

    /// Whether the bytes are this lower-case ASCII text, ignoring case only.
    @inline(__always)
    package func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        let wanted = text.utf8Start
        for index in 0..<count {
            var byte = self[index]
            if byte &- 0x41 < 26 { byte |= 0x20 }
            if byte != wanted[index] { return false }
        }
        return true
    }
}
