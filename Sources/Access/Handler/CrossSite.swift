import HTTPKit

/// Whether a page of another site made a request, as browsers tell.
package enum CrossSite {
    /// What shows it; nil when nothing does.
    ///
    /// Clients other than browsers send none of these headers.
    package static func fault(_ exchange: Exchange) -> String? {
        let headers = exchange.request.headers
        var origin: String?
        for field in headers.fields {
            switch field.known {
            case .origin:
                guard origin == nil else { return "the request has two Origin headers" }
                origin = headers.value(field)
            case .secFetchSite:
                let own = headers.withValue(field) {
                    $0.equalsIgnoringCase("same-origin") || $0.equalsIgnoringCase("none")
                }
                guard own else { return "a page of another site made the request" }
            default: break
            }
        }
        guard let origin else { return nil }
        let host = headers.firstValue(.host) ?? ""
        let scheme = exchange.peer.isTLS ? "https" : "http"
        let isOwn = !host.isEmpty && origin.lowercased() == "\(scheme)://\(host.lowercased())"
        return isOwn ? nil : "a page of another origin made the request"
    }
}
