/// The fields that act on a whole site, which is Grafana's: neither a plugin nor a backend may set them in an answer.
package enum SiteFields {
    /// Their names, lower case.
    package static let names: [[UInt8]] = [
        "content-security-policy", "set-cookie", "set-cookie2", "clear-site-data", "strict-transport-security",
        "alt-svc", "refresh", "service-worker-allowed", "proxy-authenticate",
    ].map { Array($0.utf8) }

    /// Whether a name is one of them; case doesn't count.
    package static func contains(_ name: UnsafeRawBufferPointer) -> Bool { names.contains(name) }
}
