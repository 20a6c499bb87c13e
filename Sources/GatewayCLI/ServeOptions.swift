import ArgumentParser
import DataPlaneAPI
import Gateway

/// The flags of `serve`, `check` and `explain --offline`; each is also a key of the configuration file.
struct ServeOptions: ParsableArguments {
    @Option(help: "YAML file with any of these settings; flags win.")
    var config: String?
    @Option(help: "Address of the data ports (default 127.0.0.1).")
    var bindAddress: String?
    @Option(help: "Port for plain HTTP (default 8080; 0 is off, \"any\" takes a free one).")
    var httpPort: String?
    @Option(help: "Port for HTTPS (default 8443; 0 is off, \"any\" takes a free one).")
    var securePort: String?
    @Option(help: "PEM certificate for HTTPS, with its intermediates (default: one made in the data folder).")
    var tlsCertFile: String?
    @Option(help: "PEM private key of that certificate.")
    var tlsPrivateKeyFile: String?
    @Option(help: "PEM certificates of the authorities that sign users' certificates.")
    var clientCaFile: String?
    @Option(help: "Static bearer tokens: CSV of token,user,uid[,\"group1,group2\"].")
    var tokenAuthFile: String?
    @Option(help: "PEM certificates of the authorities of front proxies, which state users in headers.")
    var requestheaderClientCaFile: String?
    @Option(parsing: .singleValue, help: "Common names that front proxies may have (default: any).")
    var requestheaderAllowedNames: [String] = []
    @Option(parsing: .singleValue, help: "Headers with the user's name (default X-Remote-User).")
    var requestheaderUsernameHeaders: [String] = []
    @Option(parsing: .singleValue, help: "Headers with the user's uid (default X-Remote-Uid).")
    var requestheaderUidHeaders: [String] = []
    @Option(parsing: .singleValue, help: "Headers with groups (default X-Remote-Group).")
    var requestheaderGroupHeaders: [String] = []
    @Option(parsing: .singleValue, help: "What the names of further user facts begin with (default X-Remote-Extra-).")
    var requestheaderExtraHeadersPrefix: [String] = []
    @Option(help: "true (default) or false: whether requests without a credential are system:anonymous or refused.")
    var anonymousAuth: String?
    @Option(help: "Address and port of the admin listener (default 127.0.0.1:9903; port 0 takes a free one).")
    var adminAddress: String?
    @Option(help: "Folder of the database and the kubeconfig (default ./data); one process at a time.")
    var dataDir: String?
    @Option(help: "Folder for plugin sockets; short and private (default: run below the data folder).")
    var runtimeDir: String?
    @Option(parsing: .singleValue, help: "Folder with plugins; may be given several times.")
    var pluginsDir: [String] = []
    @Option(help: "Folder in Grafana's provisioning layout (datasources/, plugins/).")
    var provisioning: String?
    @Option(help: "Data source YAML: a file or a folder.")
    var datasources: String?
    @Option(help: "grafana.ini, for the settings that plugins receive.")
    var grafanaConfig: String?
    @Option(help: "API objects to apply and keep in step with: a YAML file or a folder.")
    var manifests: String?
    @Option(help: "URL of the server that gets everything unmatched (Grafana), as http://HOST:PORT.")
    var upstream: String?
    @Option(help: "trace, debug, info (default), warn or error.")
    var logLevel: String?
    @Option(help: "text (default) or json.")
    var logFormat: String?
    @Option(help: "Milliseconds for the TCP connection to the upstream (default 5000).")
    var upstreamConnectTimeout: String?
    @Option(help: "Seconds for the head of the upstream's answer (default 300, 0 for no limit).")
    var upstreamResponseTimeout: String?
    @Option(help: "Seconds for one call of a plugin (default 60).")
    var pluginCallTimeout: String?
    @Option(help: "Seconds for a plugin to start (default 60).")
    var pluginStartTimeout: String?
    @Option(help: "Most bytes of a request body for a plugin (default 16777216).")
    var pluginRequestLimit: String?
    @Option(help: "Most bytes of a plugin's answer to a resource call (default 0, no limit).")
    var pluginResponseLimit: String?
    @Option(help: "Seconds between two messages of such an answer (default 0, no limit).")
    var pluginStreamIdleTimeout: String?
    @Option(help: "Most bytes of a plugin's metrics at one scrape (default 16777216).")
    var pluginMetricsLimit: String?
    @Option(help: "Most bytes of one message of a stream (default 4194304).")
    var streamPacketLimit: String?
    @Option(help: "Most bytes that a client publishes at once (default 65536).")
    var streamPublishLimit: String?
    @Option(help: "Most clients that listen to streams on one event loop (default 10000).")
    var streamListenersLimit: String?
    @Option(help: "Most different streams that run on one event loop (default 1000).")
    var streamLimit: String?
    @Option(help: "Messages that wait for a slow listener before the oldest are dropped (default 256).")
    var streamQueueMessages: String?
    @Option(help: "Bytes that wait for a slow listener before the oldest messages are dropped (default 1048576).")
    var streamQueueBytes: String?
    @Option(help: "Lost messages after which a slow listener is sent away (default 1000).")
    var streamDropLimit: String?
    @Option(help: "Seconds after which a listener that doesn't catch up is sent away (default 30).")
    var streamStallTimeout: String?
    @Option(help: "Seconds between two signs of life to a listener (default 15).")
    var streamHeartbeat: String?
    @Option(parsing: .singleValue, help: "Web origins whose pages may use streams, beside the gateway's own.")
    var streamAllowedOrigins: [String] = []
    @Option(help: "Bytes of plugin answers held or received at once; the rest gets 503 (default 1073741824).")
    var pluginMemoryLimit: String?
    @Option(help: "Most bytes of the body of an API object (default 3145728).")
    var apiRequestLimit: String?
    @Option(help: "Frame format that plugins are asked for: arrow (default) or json.")
    var frameFormat: String?
    @Option(help: "Whether the data source proxy may connect to private and loopback addresses (default true).")
    var datasourceProxyPrivate: String?
    @Option(
        parsing: .singleValue,
        help: "A client certificate for http backends, NAME=CERTIFICATE.pem,KEY.pem; may be given several times.")
    var backendClientCertificate: [String] = []
    @Option(help: "Seconds for exchanges under way at shutdown (default 15).")
    var shutdownTimeout: String?

    /// The flags that were given.
    private var given: [(String, [String])] {
        let single: [(String, String?)] = [
            ("bind-address", bindAddress), ("http-port", httpPort), ("secure-port", securePort),
            ("tls-cert-file", tlsCertFile), ("tls-private-key-file", tlsPrivateKeyFile),
            ("client-ca-file", clientCaFile), ("token-auth-file", tokenAuthFile),
            ("requestheader-client-ca-file", requestheaderClientCaFile), ("anonymous-auth", anonymousAuth),
            ("admin-address", adminAddress),
            ("data-dir", dataDir), ("runtime-dir", runtimeDir), ("provisioning", provisioning),
            ("datasources", datasources), ("grafana-config", grafanaConfig), ("manifests", manifests),
            ("upstream", upstream), ("log-level", logLevel), ("log-format", logFormat),
            ("upstream-connect-timeout", upstreamConnectTimeout),
            ("upstream-response-timeout", upstreamResponseTimeout), ("plugin-call-timeout", pluginCallTimeout),
            ("plugin-start-timeout", pluginStartTimeout), ("plugin-request-limit", pluginRequestLimit),
            ("plugin-response-limit", pluginResponseLimit), ("plugin-stream-idle-timeout", pluginStreamIdleTimeout),
            ("plugin-metrics-limit", pluginMetricsLimit), ("stream-packet-limit", streamPacketLimit),
            ("stream-publish-limit", streamPublishLimit),
            ("stream-listeners-limit", streamListenersLimit), ("stream-limit", streamLimit),
            ("stream-queue-messages", streamQueueMessages), ("stream-queue-bytes", streamQueueBytes),
            ("stream-drop-limit", streamDropLimit), ("stream-stall-timeout", streamStallTimeout),
            ("stream-heartbeat", streamHeartbeat),
            ("plugin-memory-limit", pluginMemoryLimit), ("api-request-limit", apiRequestLimit),
            ("frame-format", frameFormat), ("datasource-proxy-private", datasourceProxyPrivate),
            ("shutdown-timeout", shutdownTimeout),
        ]
        var all = single.compactMap { name, value in value.map { (name, [$0]) } }
        let lists: [(String, [String])] = [
            ("plugins-dir", pluginsDir), ("backend-client-certificate", backendClientCertificate),
            ("stream-allowed-origins", streamAllowedOrigins),
            ("requestheader-allowed-names", requestheaderAllowedNames),
            ("requestheader-username-headers", requestheaderUsernameHeaders),
            ("requestheader-uid-headers", requestheaderUidHeaders),
            ("requestheader-group-headers", requestheaderGroupHeaders),
            ("requestheader-extra-headers-prefix", requestheaderExtraHeadersPrefix),
        ]
        all += lists.filter { !$0.1.isEmpty }
        return all
    }

    /// Settings from the file and the flags.
    func settings() throws -> Settings {
        let (settings, faults) = load()
        if let first = faults.first { throw stop(first) }
        return settings
    }

    /// Settings and every fault in them.
    func load() -> (Settings, [GatewayError]) {
        var settings = Settings()
        var faults: [GatewayError] = []
        if let config {
            let (read, found) = ConfigFile.load(config, settings)
            settings = read
            faults = found
        }
        for (name, values) in given {
            do { try settings.set(name, values, origin: "--\(name)") } catch { faults.append(error) }
        }
        return (settings, faults)
    }
}
