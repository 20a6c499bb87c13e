import ArgumentParser

/// Where the gateway listens.
struct ListenerOptions: SettingFlags {
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
    @Option(help: "Most bytes of the body of an API object (default 3145728).")
    var apiRequestLimit: String?
    @Option(help: "Most watches of objects that may be open at once (default 20000).")
    var apiWatchLimit: String?
    @Option(help: "Most lists of objects on their way to clients at once (default 1000).")
    var apiListLimit: String?
    @Option(help: "Seconds for exchanges under way at shutdown (default 15).")
    var shutdownTimeout: String?
    @Option(help: "Most bytes of a request's head (default 262144).")
    var requestHeadLimit: String?
    @Option(help: "Most bytes of a request's path and query (default 38912).")
    var requestTargetLimit: String?
    @Option(help: "Most header fields of a request (default 192).")
    var requestFieldsLimit: String?
    @Option(help: "Bytes of request bodies held at once; what is beyond gets 503 (default 268435456).")
    var requestMemoryLimit: String?
    @Option(help: "Most connections of each listener; then the longest idle one is closed (default 32768).")
    var connectionLimit: String?
    @Option(help: "Seconds for the answer to a client that has ended its side of the connection (default 3).")
    var clientHalfCloseTimeout: String?
}
