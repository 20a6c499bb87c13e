/// How plugins are run.
package struct PluginHostSettings: Sendable {
    /// Private folder for sockets; created with mode 0700.
    package var runtimeDir: String
    /// For a plugin from its start to its first answer, seconds.
    package var startTimeout: Double
    /// The host's environment, from which an allow-list is passed on.
    package var environment: [String: String]
    /// Variables that single plugins get on top (`[plugin.<id>]` of grafana.ini), by plugin id.
    package var pluginVariables: [String: [String: String]]
    /// For a plugin to end after it was told to, seconds, before it is killed.
    package var stopTimeout = 2.0

    /// Between two health checks, seconds.
    package var probeInterval = 5.0
    /// For the answer to a health check, seconds.
    package var probeTimeout = 3.0
    /// For calls under way when a changed plugin takes over, seconds.
    package var drainTime = 10.0

    /// Settings.
    package init(
        runtimeDir: String, startTimeout: Double = 60, environment: [String: String],
        pluginVariables: [String: [String: String]] = [:]
    ) {
        self.runtimeDir = runtimeDir
        self.startTimeout = startTimeout
        self.environment = environment
        self.pluginVariables = pluginVariables
    }
}
