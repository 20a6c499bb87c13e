/// Which web pages may listen to streams and publish.
///
/// A browser sends a page's requests with the user's credentials, and for a WebSocket no other rule of it holds pages
/// back, so the server must look at `Origin`. Requests without one don't come from pages.
package struct PageOriginPolicy: Sendable, Equatable {
    private var allowsAll = false
    private var allowed: [PageOrigin] = []

    /// A policy: pages of the gateway itself, and of these origins.
    ///
    /// - Parameter origins: `https://host[:port]`, `https://*.domain` for every host below a domain, or `*` for all
    ///   pages; what is none of these is left out.
    package init(allowing origins: [String] = []) {
        for text in origins {
            if text == "*" { allowsAll = true }
            if let origin = PageOrigin(text) { allowed.append(origin) }
        }
    }

    /// Whether a text may stand in the list.
    package static func isValid(_ text: String) -> Bool { text == "*" || PageOrigin(text) != nil }

    /// Whether the page that a request comes from may make it.
    ///
    /// - Parameters:
    ///   - origin: the value of `Origin`; nil without one.
    ///   - host: the value of `Host`.
    ///   - isTLS: whether the client speaks TLS to us.
    package func allows(origin: String?, host: String?, isTLS: Bool = false) -> Bool {
        guard let origin else { return true }
        if allowsAll { return true }
        // `null` (sandboxed frames, files) is nobody's.
        guard let page = PageOrigin(origin), !page.isPattern else { return false }
        if allowed.contains(where: { $0.matches(page) }) { return true }
        return page.isOwn(host: host, isTLS: isTLS)
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
        if let page = PageOrigin(origin), !page.isPattern, allowed.contains(where: { $0.matches(page) }) {
            return .named
        }
        return allowsAll ? .asAll : nil
    }

    /// Whether the page that a request comes from may make it.
    package func allows(_ request: RequestHead, isTLS: Bool = false) -> Bool {
        let pages = request.headers.pageOrigins
        guard pages.count <= 1 else { return false }
        return allows(origin: pages.first, host: request.headers.firstValue(.host), isTLS: isTLS)
    }
}
