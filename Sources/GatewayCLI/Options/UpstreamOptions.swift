import ArgumentParser

/// The server that requests are passed on to.
struct UpstreamAddress: SettingFlags {
    @Option(help: "The server that gets everything unmatched (Grafana): http(s)://HOST:PORT[/PATH] or unix:/SOCKET.")
    var upstream: String?
    @Option(help: "PEM file of authorities that an https upstream is verified with (default: the system's).")
    var upstreamCaFile: String?
    @Option(help: "The name that an https upstream's certificate must have (default: the host of its URL).")
    var upstreamServerName: String?
    @Option(help: "PEM file of the certificate that an https upstream is shown.")
    var upstreamClientCertFile: String?
    @Option(help: "PEM file of its private key.")
    var upstreamClientKeyFile: String?
}

/// How requests are passed on to other servers.
struct UpstreamOptions: SettingFlags {
    @Option(help: "true or false (default): whether /readyz fails while the upstream can't be reached.")
    var upstreamRequired: String?
    @Option(help: "File with the token that the upstream's discovery is read with (default: callers' credentials).")
    var upstreamTokenFile: String?
    @Option(help: "Milliseconds for the TCP connection to the upstream (default 5000).")
    var upstreamConnectTimeout: String?
    @Option(help: "Seconds for the head of the upstream's answer (default 300, 0 for no limit).")
    var upstreamResponseTimeout: String?
    @Option(help: "Most connections to the upstream (default 10000).")
    var upstreamConnectionLimit: String?
    @Option(help: "Most connections to one data source, and to one backend of an object (default 1000).")
    var backendConnectionLimit: String?
    @Option(help: "Milliseconds for one of these connections to become free (default 5000).")
    var connectionWaitTimeout: String?
    @Option(help: "Whether the data source proxy may connect to private and loopback addresses (default true).")
    var datasourceProxyPrivate: String?
    @Option(
        parsing: .singleValue,
        help: "A client certificate for http backends, NAME=CERTIFICATE.pem,KEY.pem; may be given several times.")
    var backendClientCertificate: [String] = []
}
