import DataPlaneAPI
import HTTPKit
import NIOPosix
import PluginBridge
import PluginProtocol

/// What the bridges of all services have in common, where a service sets nothing else.
package struct BridgeDefaults: Sendable {
    /// For one call of a plugin, seconds (setting plugin-call-timeout).
    package var callTimeout: Int
    /// The most bytes of a request to a plugin (setting plugin-request-limit).
    package var requestLimit: Int
    /// The format frames are asked for (setting frame-format).
    package var format: DataFrameFormat

    /// Defaults.
    package init(callTimeout: Int, requestLimit: Int, format: DataFrameFormat) {
        self.callTimeout = callTimeout
        self.requestLimit = requestLimit
        self.format = format
    }
}

/// The bridges of one event loop: a set for each combination of limits that some service has.
package final class LoopBridges {
    /// One set.
    struct Bridges {
        let query: QueryBridge
        let resource: ResourceBridge
        let health: HealthBridge
        let metrics: MetricsBridge
        let admission: AdmissionBridge
        let conversion: ConversionBridge
        /// The most bytes of a request's body.
        let requestLimit: Int
    }

    /// Sets kept at once; more are made anew when they are needed.
    private static let kept = 256

    private let defaults: BridgeDefaults
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let workers: NIOThreadPool
    private let common: Bridges
    private var special: [ServiceLimits: Bridges] = [:]

    /// Bridges of one event loop.
    package init(defaults: BridgeDefaults, plugins: LoopPlugins, budget: MemoryBudget, workers: NIOThreadPool) {
        self.defaults = defaults
        self.plugins = plugins
        self.budget = budget
        self.workers = workers
        common = Self.make(ServiceLimits(), defaults, plugins, budget, workers)
    }

    /// The set for a service's limits.
    func bridges(_ limits: ServiceLimits) -> Bridges {
        if limits == ServiceLimits() { return common }
        if let known = special[limits] { return known }
        let made = Self.make(limits, defaults, plugins, budget, workers)
        if special.count >= Self.kept { special = [:] }
        special[limits] = made
        return made
    }

    private static func make(
        _ limits: ServiceLimits, _ defaults: BridgeDefaults, _ plugins: LoopPlugins, _ budget: MemoryBudget,
        _ workers: NIOThreadPool
    ) -> Bridges {
        let timeout = limits.timeoutSeconds ?? defaults.callTimeout
        // No object may ask for more than the operator allows.
        let request = min(limits.maxRequestBytes ?? defaults.requestLimit, defaults.requestLimit)
        return Bridges(
            query: QueryBridge(
                settings: QueryBridgeSettings(timeout: timeout, requestLimit: request, format: defaults.format),
                plugins: plugins, budget: budget, workers: workers),
            resource: ResourceBridge(
                settings: ResourceBridgeSettings(
                    timeout: timeout, requestLimit: request, responseLimit: limits.maxResponseBytes),
                plugins: plugins, budget: budget),
            health: HealthBridge(timeout: timeout, plugins: plugins),
            metrics: MetricsBridge(timeout: timeout, plugins: plugins),
            admission: AdmissionBridge(timeout: timeout, requestLimit: request, plugins: plugins, workers: workers),
            conversion: ConversionBridge(timeout: timeout, requestLimit: request, plugins: plugins),
            requestLimit: request)
    }
}
