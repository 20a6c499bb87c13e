import PluginProtocol

/// How plugins are run.
package struct PluginHostSettings: Sendable {
    /// Private folder for sockets; created with mode 0700.
    package var runtimeDir: String
    /// For a plugin from its start to its first answer, seconds.
    package var startTimeout: Double
    /// The host's environment, from which an allow-list is passed on.
    package var environment: [String: String]
    /// What plugins get on top at the start.
    package var variables: PluginVariables
    /// For a plugin to end after it was told to, seconds, before it is killed.
    package var stopTimeout = 2.0

    /// Between two health checks, seconds.
    package var probeInterval = 5.0
    /// For the answer to a health check, seconds.
    package var probeTimeout = 3.0
    /// For calls under way when a changed plugin takes over, seconds.
    package var drainTime = 10.0
    /// Starts their processes.
    package var launcher: any PluginLauncher = ChildLauncher()

    /// Settings.
    package init(
        runtimeDir: String, startTimeout: Double = 60, environment: [String: String],
        variables: PluginVariables = PluginVariables()
    ) {
        self.runtimeDir = runtimeDir
        self.startTimeout = startTimeout
        self.environment = environment
        self.variables = variables
    }
}

/// The variables that plugin processes get from the configuration, on top of what every process gets.
package struct PluginVariables: Sendable, Hashable {
    /// For every plugin.
    package var common: [String: String]
    /// For single plugins, by plugin id; they come before those for all.
    package var single: [String: [String: String]]

    /// Variables.
    package init(common: [String: String] = [:], single: [String: [String: String]] = [:]) {
        self.common = common
        self.single = single
    }

    /// What one plugin gets.
    package subscript(_ id: String) -> [String: String] {
        common.merging(single[id] ?? [:]) { $1 }
    }
}
