import Access
import DataPlaneAPI
import HTTPKit

/// The rules while no authentication is configured: only somebody on this machine, and no web page in their browser, may
/// use what the gateway answers itself.
///
/// A page in the admin's browser can make requests to loopback, and a local reverse proxy brings the world there; neither
/// is the admin.
final class FirstRunGate: Gate {
    func verdict(_ exchange: Exchange, _ question: Question) -> Verdict? {
        if let refusal = refusal(exchange) { .refused(refusal) } else { .allowed(Subject(.firstRun)) }
    }

    func ask(_ exchange: Exchange, _ question: Question, _ then: @escaping (Verdict) -> Void) {
        if let verdict = verdict(exchange, question) { then(verdict) }
    }

    private func refusal(_ exchange: Exchange) -> GatewayError? {
        guard exchange.peer.isLoopback else {
            return Self.forbidden("the request does not come from this machine")
        }
        let headers = exchange.request.headers
        // Browsers, kubectl and curl speak HTTP/1.1; a proxy with default settings (nginx) does not, and tells nothing else.
        guard !exchange.request.isHTTP10 else { return Self.forbidden("the request came as HTTP/1.0, as from a proxy") }
        // Without a Host nothing tells a proxy in front of us from a client on this machine.
        guard headers.first(.host) != nil else { return Self.forbidden("the request has no Host header") }
        for field in headers.fields {
            switch field.known {
            case .host:
                guard headers.withValue(field, Self.isLoopbackAuthority) else {
                    return Self.forbidden("the Host header names another machine than localhost")
                }
            case .forwarded, .xForwarded, .xRealIP:
                return Self.forbidden("the request came through a proxy")
            case .other:
                if headers.withName(field, Self.isProxyMark) {
                    return Self.forbidden("the request came through a proxy")
                }
            default: break
            }
        }
        return CrossSite.fault(exchange, mayBeProxied: false).map(Self.forbidden)
    }

    /// Whether only a proxy sends a field of this name.
    private static func isProxyMark(_ name: UnsafeRawBufferPointer) -> Bool {
        switch (name.first ?? 0) | 0x20 {
        case UInt8(ascii: "v"): name.equalsIgnoringCase("via")
        case UInt8(ascii: "x"):
            name.hasPrefix("x-original-") || name.equalsIgnoringCase("x-client-ip")
        case UInt8(ascii: "c"): name.equalsIgnoringCase("cf-connecting-ip")
        case UInt8(ascii: "t"): name.equalsIgnoringCase("true-client-ip")
        default: false
        }
    }

    private static func forbidden(_ why: String) -> GatewayError {
        GatewayError(
            .forbidden,
            "forbidden: \(why), and no authentication is configured; use http://127.0.0.1 from this machine",
            source: .client)
    }

    /// `localhost`, `127.x.y.z` or `[::1]`, with or without a port.
    static func isLoopbackAuthority(_ value: UnsafeRawBufferPointer) -> Bool {
        var name = value[...]
        if name.first == UInt8(ascii: "[") {
            guard let close = name.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let rest = name[(close + 1)...]
            guard rest.isEmpty || rest.first == UInt8(ascii: ":") else { return false }
            return name[..<close].dropFirst().elementsEqual("::1".utf8)
        }
        if let colon = name.firstIndex(of: UInt8(ascii: ":")) { name = name[..<colon] }
        if UnsafeRawBufferPointer(rebasing: name).equalsIgnoringCase("localhost") { return true }
        let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4, parts.allSatisfy({ !$0.isEmpty && $0.count <= 3 && $0.allSatisfy { $0 &- 0x30 < 10 } })
        else { return false }
        return parts[0].elementsEqual("127".utf8)
    }
}
