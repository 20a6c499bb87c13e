/// Whether a page of another site made a request, as browsers tell.
package enum CrossSite {
    /// What shows it; nil when nothing does.
    ///
    /// Clients other than browsers send none of these headers.
    ///
    /// - Parameter mayBeProxied: whether a proxy before us may speak TLS, so that our own pages may have come over it.
    package static func fault(_ exchange: Exchange, mayBeProxied: Bool = true) -> String? {
        let headers = exchange.request.headers
        for field in headers.fields where field.known == .secFetchSite {
            let own = headers.withValue(field) {
                $0.equalsIgnoringCase("same-origin") || $0.equalsIgnoringCase("none")
            }
            guard own else { return "a page of another site made the request" }
        }
        let pages = headers.pageOrigins
        guard let page = pages.first else { return nil }
        guard pages.count == 1 else { return "the request has two Origin headers" }
        let isOwn = PageOrigin(page)?.isOwn(
            host: headers.firstValue(.host), isTLS: exchange.peer.isTLS, mayBeProxied: mayBeProxied)
        return isOwn == true ? nil : "a page of another origin made the request"
    }
}
