import ArgumentParser

/// Streams and their bounds.
struct StreamOptions: SettingFlags {
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
}
