/// What lets a browser give the answers of streams to a page of another origin (CORS, the Fetch standard section 3.2).
package struct CrossOrigin: Sendable {
    /// Fields for every answer to the page.
    package let fields: HeaderBlock
    /// Whether the browser asks on its own, before the page's request.
    package let isPreflight: Bool

    /// The fields that a preflight's answer has besides: what the page may send, and for how long that holds.
    package static let preflightFields: HeaderBlock = [
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
        "Access-Control-Max-Age": "600",
    ]

    /// Nil for a request that comes from no page, or from one that isn't listed.
    ///
    /// A page that is allowed only because all are must do without the user's cookies and certificates: whoever allows
    /// them names the page.
    package init?(_ request: RequestHead, _ policy: PageOriginPolicy) {
        let pages = request.headers.pageOrigins
        guard pages.count == 1, let origin = pages.first else { return nil }
        switch policy.listing(of: origin) {
        case nil: return nil
        case .named:
            // The policy has read it, so it holds nothing but scheme, host and port.
            fields = [
                "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
            ]
        case .asAll: fields = ["Access-Control-Allow-Origin": "*", "Vary": "Origin"]
        }
        isPreflight =
            request.method == .options && request.headers.firstValue(named: "access-control-request-method") != nil
    }
}
