import Access
import DataPlaneAPI
import HTTPKit
import Origins
import PluginBridge

/// Everything that can be configured: each field is a flag of `serve` and a key of the `--config` file.
package struct Settings: Sendable {
    /// Address that the data port binds to.
    package var bindAddress = "127.0.0.1"
    /// Port for plain HTTP; 0 for any free port, nil when the listener is off.
    package var httpPort: Int? = 8080
    /// Port for HTTPS; 0 for any free port, nil when the listener is off.
    package var securePort: Int? = 8443
    /// PEM certificate for HTTPS with its intermediates; empty for one that is made in the data folder.
    package var tlsCertFile = ""
    /// PEM private key of `tlsCertFile`.
    package var tlsPrivateKeyFile = ""
    /// PEM certificates of the authorities that sign users' certificates; empty for none.
    package var clientCAFile = ""
    /// Static bearer tokens in Kubernetes' CSV form; empty for none.
    package var tokenAuthFile = ""
    /// PEM certificates of the authorities of front proxies that state users in headers; empty for none.
    package var requestHeaderClientCAFile = ""
    /// Common names that front proxies may have; empty for any.
    package var requestHeaderAllowedNames: [String] = []
    /// The headers that front proxies state users in.
    package var requestHeaderNames = RequestHeaderNames()
    /// Whether requests without a credential are those of `system:anonymous` once authentication is configured.
    package var anonymousAuth = true
    /// Listeners as the configuration file lists them; replaces the ports and `adminAddress` where not empty.
    package var listeners: [ListenerSettings] = []
    /// Where each setting that was given was written, by name: `--flag` or `file:line`.
    package internal(set) var origins: [String: String] = [:]
    /// Address and port of the admin listener.
    package var adminAddress = ListenAddress(host: "127.0.0.1", port: 9903)
    /// Folder of the database and the kubeconfig.
    package var dataDir = "./data"
    /// Folder of plugin sockets; empty for `run` below the data folder, or below /run/user when that path is too long.
    package var runtimeDir = ""
    /// Folders that are scanned for plugins.
    package var pluginsDirs: [String] = []
    /// Folder in Grafana's provisioning layout; empty for none.
    package var provisioning = ""
    /// File or folder of data source YAML; empty for none.
    package var datasources = ""
    /// grafana.ini; empty for none.
    package var grafanaConfig = ""
    /// File or folder of API objects; empty for none.
    package var manifests = ""
    /// Where everything unmatched goes; nil for nowhere.
    package var upstream: Origin?
    /// File with a bearer token that the upstream's discovery is read with; empty for none.
    package var upstreamTokenFile = ""
    /// Authorities that an https upstream is verified with, PEM; empty for those of the system.
    package var upstreamCAFile = ""
    /// The name that its certificate must have; empty for the host of its URL.
    package var upstreamServerName = ""
    /// The certificate that it is shown, PEM; empty for none.
    package var upstreamClientCertFile = ""
    /// Its key, PEM.
    package var upstreamClientKeyFile = ""
    /// Whether `/readyz` fails while the upstream can't be reached.
    package var upstreamRequired = false
    /// The most bytes of a request's head.
    package var requestHeadLimit = HTTPLimits.requests.head
    /// The most bytes of a request's target: path and query.
    package var requestTargetLimit = HTTPLimits.requests.target
    /// The most header fields of a request.
    package var requestFieldsLimit = HTTPLimits.requests.fields
    /// The most connections of each listener.
    package var connectionLimit = 32_768
    /// Bytes of request bodies that are gathered, and of lists on their way, at once.
    package var requestMemoryLimit = 256 * 1024 * 1024
    /// For the answer to a client that has ended its side of the connection, seconds.
    package var clientHalfCloseTimeout = 3
    /// The least severe level that is logged.
    package var logLevel = "info"
    /// `text` or `json`.
    package var logFormat = "text"
    /// For the TCP connection to the upstream, milliseconds.
    package var upstreamConnectTimeoutMS = 5_000
    /// The most connections to the upstream.
    package var upstreamConnectionLimit = 10_000
    /// The most connections to one data source or one backend of an object.
    package var backendConnectionLimit = 1_000
    /// For a connection of these to become free, milliseconds.
    package var connectionWaitTimeoutMS = 5_000
    /// For the head of the upstream's answer, seconds; 0 for no limit.
    package var upstreamResponseTimeout = 300
    /// For a query, resource or health call to a plugin, seconds.
    package var pluginCallTimeout = 60
    /// For a plugin to start, seconds.
    package var pluginStartTimeout = 60
    /// The most bytes of a request body that goes to a plugin.
    package var pluginRequestLimit = 16 * 1024 * 1024
    /// The most bytes of the body of a plugin's answer to a resource call; nil for no limit.
    package var pluginResponseLimit: Int?
    /// Between two messages of such an answer, seconds; nil for no limit.
    package var pluginStreamIdleTimeout: Int?
    /// The most bytes of a plugin's metrics at one scrape.
    package var pluginMetricsLimit = 16 * 1024 * 1024
    /// How plugins' streams are run.
    package var streams = StreamSettings()
    /// The most bytes of the body of an API object.
    package var apiRequestLimit = 3_145_728
    /// How many watches of objects may be open at once.
    package var apiWatchLimit = 20_000
    /// How many lists of objects, and first states of watches, may be on their way to clients at once.
    package var apiListLimit = 1_000
    /// Bytes of plugin answers held or being received at once; what is beyond is refused.
    package var pluginMemoryLimit = 1024 * 1024 * 1024
    /// Whether the data source proxy connects to private and loopback addresses.
    ///
    /// On by default: data sources live in private networks nearly always, and only the operator configures them.
    /// Link-local, metadata and multicast addresses are refused either way.
    package var dataSourceProxyPrivate = true
    /// The client certificates that http backends are shown, by the names that objects use.
    var backendClientCertificates: [BackendCertificates.Files] = []
    /// The format frames are asked for, `json` or `arrow`.
    ///
    /// Arrow costs gateway and plugin together a third less for 10,000 rows and a tenth more for 100 (`make bench`); large
    /// answers are the ones that cost.
    package var frameFormat = "arrow"
    /// For exchanges that are under way when the process is told to stop, seconds.
    package var shutdownTimeout = 15

    /// The defaults.
    package init() {}
}
