import Bytes

/// Scheme, host and port of a web page, as browsers state them in `Origin` (RFC 6454).
struct PageOrigin: Sendable, Equatable {
    let scheme: String
    /// In lower case; without `*.` for a pattern.
    let host: String
    let port: Int
    let isPattern: Bool

    /// Reads `scheme://host[:port]`.
    init?(_ text: String) {
        let url = URLText(text.lowercased())
        guard let scheme = url.scheme, scheme == "http" || scheme == "https", url.path.isEmpty, url.query == nil,
            url.fragment == nil
        else { return nil }
        self.scheme = String(scheme)
        isPattern = url.authority.host.hasPrefix("*.")
        let authority = isPattern ? URLAuthority(url.authority.text.dropFirst(2)) : url.authority
        guard authority.fault == nil, let port = authority.port(or: scheme == "https" ? 443 : 80) else { return nil }
        host = String(authority.host)
        self.port = port
    }

    func matches(_ page: PageOrigin) -> Bool {
        guard scheme == page.scheme, port == page.port else { return false }
        return isPattern ? page.host.hasSuffix(".\(host)") : page.host == host
    }

    /// Whether it is a page of the gateway itself.
    ///
    /// - Parameters:
    ///   - host: the value of `Host`.
    ///   - isTLS: whether the client speaks TLS to us; then only a page that came over TLS is our own.
    ///   - mayBeProxied: whether a proxy before us may speak TLS where the client that we see doesn't; then both schemes
    ///     are ours, as Grafana has it.
    func isOwn(host: String?, isTLS: Bool, mayBeProxied: Bool = true) -> Bool {
        guard isTLS ? scheme == "https" : mayBeProxied || scheme == "http" else { return false }
        guard let host, let ours = PageOrigin("\(scheme)://\(host)"), !ours.isPattern else { return false }
        return !isPattern && ours.matches(self)
    }
}

extension HeaderBlock {
    /// The values of `Origin`: what a browser says about the page that makes a request; more than one is a fault.
    var pageOrigins: [String] { fields.filter { $0.known == .pageOrigin }.map(value) }
}
