import HTTPKit

/// Which of a client's credentials a data source lets through to its plugin.
package struct HeaderForwarding: Sendable, Equatable {
    /// The cookies that pass (jsonData `keepCookies`): names, `name[]` for all that begin with `name`, `[]` for all.
    package var keepCookies: [String]
    /// Whether `Authorization` passes (jsonData `oauthPassThru`).
    package var passesAuthorization: Bool
    /// Cookies that never pass: those that log in to Grafana.
    package var loginCookies: [String]

    /// By default no credential passes.
    package init(
        keepCookies: [String] = [], passesAuthorization: Bool = false,
        loginCookies: [String] = ["grafana_session", "grafana_session_expiry"]
    ) {
        self.keepCookies = keepCookies
        self.passesAuthorization = passesAuthorization
        self.loginCookies = loginCookies
    }

    /// What is left of a `Cookie` value; nil when nothing is.
    package func cookies(_ value: UnsafeRawBufferPointer) -> [UInt8]? {
        guard !keepCookies.isEmpty else { return nil }
        var kept: [UInt8] = []
        for part in value.split(separator: UInt8(ascii: ";")) {
            let pair = part.drop { $0 == 0x20 || $0 == 0x09 }
            var name = pair.prefix { $0 != UInt8(ascii: "=") }
            while let last = name.last, last == 0x20 || last == 0x09 { name = name.dropLast() }
            guard keeps(name) else { continue }
            if !kept.isEmpty { kept += [UInt8(ascii: ";"), 0x20] }
            kept += pair
        }
        return kept.isEmpty ? nil : kept
    }

    private func keeps(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        if loginCookies.contains(where: { name.elementsEqual($0.utf8) }) { return false }
        return keepCookies.contains { wanted in
            wanted.hasSuffix("[]") ? name.starts(with: wanted.utf8.dropLast(2)) : name.elementsEqual(wanted.utf8)
        }
    }

    /// The client's credentials that pass, as plugins look for them in a map of texts: without a prefix.
    func credentials(_ headers: HeaderBlock) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        if passesAuthorization, let value = headers.firstValue(.authorization) {
            found.append(("Authorization", value))
        }
        guard !keepCookies.isEmpty else { return found }
        let kept = headers.fields.filter { $0.known == .cookie }.compactMap { headers.withValue($0, cookies) }
        guard !kept.isEmpty else { return found }
        found.append(("Cookie", String(decoding: Array(kept.joined(separator: "; ".utf8)), as: UTF8.self)))
        return found
    }
}
