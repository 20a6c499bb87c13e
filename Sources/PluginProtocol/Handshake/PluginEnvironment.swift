/// The environment of a plugin process.
///
/// Nothing of the host's own environment goes in unless it is on the list.
package struct PluginEnvironment: Sendable {
    /// Variables of the host that every program may need and that hold no secrets.
    package static let allowed = [
        "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    ]

    private var variables: [String: String] = [:]

    /// The variables of the handshake, the allowed ones of the host, and the private socket directory.
    ///
    /// - Parameters:
    ///   - host: the host's environment.
    ///   - alsoAllowed: further names to take from it.
    ///   - socketDirectory: a short private directory; also the plugin's TMPDIR.
    package init(host: [String: String], alsoAllowed: [String] = [], socketDirectory: String) {
        for name in Self.allowed + alsoAllowed where Self.mayHave(name) {
            variables[name] = host[name]
        }
        variables["TMPDIR"] = socketDirectory
        variables["PLUGIN_UNIX_SOCKET_DIR"] = socketDirectory
        set(protocolVariables: ())
    }

    private mutating func set(protocolVariables: Void) {
        variables["grafana_plugin_type"] = "datasource"
        variables["PLUGIN_PROTOCOL_VERSIONS"] = "2"
        variables["PLUGIN_MIN_PORT"] = "10000"
        variables["PLUGIN_MAX_PORT"] = "25000"
    }

    /// Variables that make a plugin built on Grafana's Go SDK name another process's address instead of serving.
    private static let locator = "GF_PLUGIN_GRPC_ADDRESS_"

    /// Whether a plugin process may have a variable: one that leads away from the process itself would make the host
    /// wait for, or call, somebody else, perhaps itself.
    package static func mayHave(_ name: String) -> Bool { !name.uppercased().hasPrefix(locator) }

    /// Sets a variable of the plugin's configuration; the variables of the handshake can't be changed.
    package mutating func set(_ name: String, _ value: String) {
        guard !name.isEmpty, !name.utf8.contains(where: { $0 == 0 || $0 == 0x3D }), !value.utf8.contains(0),
            Self.mayHave(name)
        else { return }
        variables[name] = value
        set(protocolVariables: ())
    }

    /// `NAME=value`, sorted.
    package var entries: [String] {
        variables.map { "\($0.key)=\($0.value)" }.sorted()
    }

    /// The value of a variable.
    package subscript(_ name: String) -> String? { variables[name] }
}
