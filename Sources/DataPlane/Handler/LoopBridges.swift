import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginBridge
import PluginProtocol

/// What the bridges of all services have in common; what bounds single requests comes with their routes.
package struct BridgeSettings: Sendable {
    /// The most bytes of any request to a plugin (setting plugin-request-limit); no object may ask for more.
    package var requestLimit: Int
    /// The most bytes of any answer's body; nil for no limit (setting plugin-response-limit).
    package var responseLimit: Int?
    /// The most bytes of a plugin's metrics (setting plugin-metrics-limit).
    package var metricsLimit: Int
    /// Between two messages of a resource's answer, seconds; nil for no limit (setting plugin-stream-idle-timeout).
    package var idleTimeout: Int?
    /// The format frames are asked for (setting frame-format).
    package var format: DataFrameFormat

    /// Settings.
    package init(
        requestLimit: Int, responseLimit: Int? = nil, metricsLimit: Int, idleTimeout: Int? = nil,
        format: DataFrameFormat
    ) {
        self.requestLimit = requestLimit
        self.responseLimit = responseLimit
        self.metricsLimit = metricsLimit
        self.idleTimeout = idleTimeout
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
        /// Where that is set, for messages.
        let requestSetting: String
    }

    /// Sets kept at once; more are made anew when they are needed.
    private static let kept = 256

    private struct Key: Hashable {
        let timeout: Int
        let request: Int
        let response: Int?
    }

    private let settings: BridgeSettings
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let workers: NIOThreadPool
    private let side: SideWork
    private let watch: MemoryWatch?
    private var sets: [Key: Bridges] = [:]

    /// Bridges of one event loop.
    ///
    /// - Parameters:
    ///   - workers: write large answers, and wait for their clients.
    ///   - side: reads large bodies.
    package init(
        _ loop: any EventLoop, settings: BridgeSettings, plugins: LoopPlugins, budget: MemoryBudget,
        workers: NIOThreadPool, side: SideWork
    ) {
        self.settings = settings
        self.plugins = plugins
        self.budget = budget
        self.workers = workers
        self.side = side
        watch = MemoryWatch(loop, plugins, budget)
    }

    /// The set for a route's limits.
    func bridges(_ limits: EffectiveLimits) -> Bridges {
        let key = Key(
            timeout: limits.timeoutSeconds,
            request: min(limits.maxRequestBytes ?? settings.requestLimit, settings.requestLimit),
            response: [limits.maxResponseBytes, settings.responseLimit].compactMap { $0 }.min())
        if let known = sets[key] { return known }
        let made = make(key)
        if sets.count >= Self.kept { sets = [:] }
        sets[key] = made
        return made
    }

    private func make(_ key: Key) -> Bridges {
        let setting =
            key.request < settings.requestLimit
            ? "limits.maxRequestBytes of the DataPlaneService" : "plugin-request-limit"
        return Bridges(
            query: QueryBridge(
                settings: QueryBridgeSettings(timeout: key.timeout, requestLimit: key.request, format: settings.format),
                plugins: plugins, budget: budget, workers: workers, side: side),
            resource: ResourceBridge(
                settings: ResourceBridgeSettings(
                    timeout: key.timeout, requestLimit: key.request, idleTimeout: settings.idleTimeout,
                    responseLimit: key.response, requestSetting: setting),
                plugins: plugins, budget: budget, side: side),
            health: HealthBridge(timeout: key.timeout, plugins: plugins, budget: budget, side: side),
            metrics: metrics(timeout: key.timeout, response: key.response),
            admission: AdmissionBridge(
                timeout: key.timeout, requestLimit: key.request, setting: setting, plugins: plugins, budget: budget,
                side: side),
            conversion: ConversionBridge(
                timeout: key.timeout, requestLimit: key.request, setting: setting, plugins: plugins, budget: budget,
                side: side),
            requestLimit: key.request, requestSetting: setting)
    }

    /// A bridge for metrics.
    ///
    /// - Parameter response: the most bytes of an answer to a resource call; metrics are one where it is less.
    private func metrics(timeout: Int, response: Int?) -> MetricsBridge {
        var made = MetricsBridgeSettings(timeout: timeout, limit: settings.metricsLimit)
        if let response, response < made.limit {
            made.limit = response
            made.limitSetting =
                response == settings.responseLimit
                ? "plugin-response-limit" : "limits.maxResponseBytes of the DataPlaneService"
        }
        return MetricsBridge(settings: made, plugins: plugins, budget: budget, side: side)
    }
}
