/// What lets a browser give the answers of streams to a page of another origin (CORS, the Fetch standard section 3.2).
package struct CrossOrigin: Sendable {
    /// Complete lines for every answer to the page.
    package let fields: [UInt8]
    /// Whether the browser asks on its own, before the page's request.
    package let isPreflight: Bool

    /// The lines that a preflight's answer has besides: what the page may send, and for how long that holds.
    package static let preflightFields = Array(
        ("Access-Control-Allow-Methods: GET, POST\r\n"
            + "Access-Control-Allow-Headers: Authorization, Content-Type, Last-Event-ID\r\n"
            + "Access-Control-Max-Age: 600\r\n").utf8)

    /// Nil for a request that comes from no page, or from one that isn't listed.
    ///
    /// A page that is allowed only because all are must do without the user's cookies and certificates: whoever allows
    /// them names the page.
    package init?(_ request: RequestHead, _ policy: OriginPolicy) {
        let origins = request.headers.fields.filter { $0.known == .origin }
        guard origins.count == 1, let field = origins.first else { return nil }
        let origin = request.headers.value(field)
        switch policy.listing(of: origin) {
        case nil: return nil
        case .named:
            // The policy has read it, so it holds nothing but scheme, host and port.
            fields = Array(
                ("Access-Control-Allow-Origin: \(origin)\r\nAccess-Control-Allow-Credentials: true\r\n"
                    + "Vary: Origin\r\n").utf8)
        case .asAll: fields = Array("Access-Control-Allow-Origin: *\r\nVary: Origin\r\n".utf8)
        }
        isPreflight =
            request.method == .options && request.headers.firstValue(named: "access-control-request-method") != nil
    }
}
