import HTTPKit

extension Exchange {
    /// Whether the request has a credential that may be the upstream's: one that nobody here knows, and that no page of
    /// another site sends along.
    package var carriesUpstreamCredential: Bool {
        if let state = access as? AccessState, state.user != nil || state.impersonation != nil { return false }
        let headers = request.headers
        var hasCookie = false
        var hasOther = false
        for field in headers.fields {
            switch field.known {
            case .cookie: hasCookie = true
            case .authorization: hasOther = hasOther || headers.withValue(field, mayBeUpstreams)
            default: break
            }
        }
        return hasOther || hasCookie && CrossSite.fault(self) == nil
    }

    /// A wrong token of kubectl, or another client of Kubernetes, is meant for the gateway, whose answer says what is wrong with it, unless it has the form of
    /// Grafana's own (service accounts, and what is signed).
    private func mayBeUpstreams(_ authorization: UnsafeRawBufferPointer) -> Bool {
        guard authorization.hasPrefix("bearer ") else { return true }
        let token = UnsafeRawBufferPointer(rebasing: authorization[7...].drop { $0 == 0x20 })
        if token.starts(with: "glsa_".utf8) || token.starts(with: "eyJ".utf8) { return true }
        // Every client on Kubernetes' library names it, whatever its own name.
        return request.headers.firstValue(named: "user-agent")?.contains(" kubernetes/") != true
    }
}
