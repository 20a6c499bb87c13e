/// The version of this program.
package enum GatewayVersion {
    /// Semantic version.
    package static let text = "0.1.0"
    /// What plugins see as the host's user agent; they parse the shape (word, three numbers, OS and architecture).
    package static let pluginUserAgent: String = {
        #if arch(x86_64)
        "Grafana/12.2.0 (linux; amd64)"
        #elseif arch(arm64)
        "Grafana/12.2.0 (linux; arm64)"
        #else
        "Grafana/12.2.0 (linux; unknown)"
        #endif
    }()
}
