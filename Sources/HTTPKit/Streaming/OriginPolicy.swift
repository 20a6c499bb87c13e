/// Which web pages may listen to streams and publish.
///
/// A browser sends a page's requests with the user's credentials, and for a WebSocket no other rule of it holds pages
/// back, so the server must look at `Origin`. Requests without one don't come from pages.
package struct OriginPolicy: Sendable, Equatable {
    private var allowsAll = false
    private var allowed: [WebOrigin] = []

    /// A policy: pages of the gateway itself, and of these origins.
    ///
    /// - Parameter origins: `https://host[:port]`, `https://*.domain` for every host below a domain, or `*` for all
    ///   pages; what is none of these is left out.
    package init(allowing origins: [String] = []) {
        for text in origins {
            if text == "*" { allowsAll = true }
            if let origin = WebOrigin(text) { allowed.append(origin) }
        }
    }

    /// Whether a text may stand in the list.
    package static func isValid(_ text: String) -> Bool { text == "*" || WebOrigin(text) != nil }

    /// Whether the page that a request comes from may make it.
    ///
    /// - Parameters:
    ///   - origin: the value of `Origin`; nil without one.
    ///   - host: the value of `Host`.
    ///   - isTLS: whether the client speaks TLS to us; then only a page that came over TLS is our own. Without it a
    ///     proxy before us may speak TLS, so both schemes count.
    package func allows(origin: String?, host: String?, isTLS: Bool = false) -> Bool {
        guard let origin else { return true }
        if allowsAll { return true }
        // `null` (sandboxed frames, files) is nobody's.
        guard let page = WebOrigin(origin), !page.isPattern else { return false }
        if allowed.contains(where: { $0.matches(page) }) { return true }
        guard !isTLS || page.scheme == "https", let host, let ours = WebOrigin("\(page.scheme)://\(host)") else {
            return false
        }
        return !ours.isPattern && ours.matches(page)
    }

    /// How an origin stands in the list.
    enum Listing {
        /// By itself, or as a host below a listed domain.
        case named
        /// As any page.
        case asAll
    }

    /// How an origin stands in the list; nil when it doesn't.
    func listing(of origin: String) -> Listing? {
        if let page = WebOrigin(origin), !page.isPattern, allowed.contains(where: { $0.matches(page) }) {
            return .named
        }
        return allowsAll ? .asAll : nil
    }

    /// Whether the page that a request comes from may make it.
    package func allows(_ request: RequestHead, isTLS: Bool = false) -> Bool {
        let fields = request.headers.fields.filter { $0.known == .origin }
        guard fields.count <= 1 else { return false }
        return allows(
            origin: fields.first.map(request.headers.value), host: request.headers.firstValue(.host), isTLS: isTLS)
    }
}

/// Scheme, host and port of a page.
struct WebOrigin: Sendable, Equatable {
    let scheme: String
    /// In lower case; without `*.` for a pattern.
    let host: String
    let port: Int
    let isPattern: Bool

    /// Reads `scheme://host[:port]`.
    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        var rest = text[colon.upperBound...].lowercased()[...]
        let hostEnd =
            rest.first == "[" ? rest.firstIndex(of: "]").map { rest.index(after: $0) } : rest.firstIndex(of: ":")
        let portText = hostEnd.map { rest[$0...] } ?? ""
        if let hostEnd { rest = rest[..<hostEnd] }
        if portText.isEmpty {
            port = scheme == "https" ? 443 : 80
        } else {
            guard portText.first == ":", portText.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt16(portText.dropFirst()), number > 0
            else { return nil }
            port = Int(number)
        }
        isPattern = rest.hasPrefix("*.")
        if isPattern { rest = rest.dropFirst(2) }
        guard !rest.isEmpty, rest.utf8.allSatisfy(Self.isHostByte) else { return nil }
        host = String(rest)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x3A, 0x5B, 0x5D: true
        default: false
        }
    }

    func matches(_ page: WebOrigin) -> Bool {
        guard scheme == page.scheme, port == page.port else { return false }
        return isPattern ? page.host.hasSuffix(".\(host)") : page.host == host
    }
}
