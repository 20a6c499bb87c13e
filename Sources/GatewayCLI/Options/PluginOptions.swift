import ArgumentParser

/// Calls of plugins and their bounds.
struct PluginOptions: SettingFlags {
    @Option(help: "Seconds for a plugin to start (default 60).")
    var pluginStartTimeout: String?
    @Option(help: "Seconds for one call of a plugin (default 60).")
    var pluginCallTimeout: String?
    @Option(help: "Most bytes of a request body for a plugin (default 16777216).")
    var pluginRequestLimit: String?
    @Option(help: "Most bytes of a plugin's answer to a resource call (default 0, no limit).")
    var pluginResponseLimit: String?
    @Option(help: "Seconds between two messages of such an answer (default 0, no limit).")
    var pluginStreamIdleTimeout: String?
    @Option(help: "Most bytes of a plugin's metrics at one scrape (default 16777216).")
    var pluginMetricsLimit: String?
    @Option(help: "Bytes of plugin answers held or received at once; the rest gets 503 (default 1073741824).")
    var pluginMemoryLimit: String?
    @Option(help: "Frame format that plugins are asked for: arrow (default) or json.")
    var frameFormat: String?
}
