import DataPlaneAPI
import NIOCore
import PluginBridge
import PluginProtocol

/// What the data plane of one event loop works with; replaced piece by piece, on the loop.
package final class LoopState {
    /// The claimed routes.
    var routes = RouteTable([])
    /// The data sources.
    var sources = DataSourceTable()
    /// Facts of plugin.json by plugin id.
    var manifests: [String: PluginManifest] = [:]
    /// The plugins' states.
    package let plugins: LoopPlugins
    private var contexts: [ContextKey: [UInt8]] = [:]

    private struct ContextKey: Hashable {
        let source: ObjectIdentifier
        let pluginID: String
        let version: String
        let namespace: String
    }

    init(plugins: LoopPlugins) {
        self.plugins = plugins
    }

    /// Takes over new data sources; what was encoded for the old ones is dropped.
    func replace(sources: DataSourceTable, manifests: [String: PluginManifest]) {
        self.sources = sources
        self.manifests = manifests
        contexts = [:]
    }

    /// The plugin context of a data source, encoded once and kept: equal requests send equal bytes.
    func context(_ source: DataSource, pluginID: String, version: String, namespace: String, userAgent: String)
        -> [UInt8]
    {
        let key = ContextKey(
            source: ObjectIdentifier(source), pluginID: pluginID, version: version, namespace: namespace)
        if let known = contexts[key] { return known }
        var context = PluginContext()
        context.orgID = Int64(source.orgID)
        context.pluginID = pluginID
        context.dataSourceSettings = source.settings
        context.grafanaConfig = sources.grafanaConfig
        context.pluginVersion = manifests[pluginID]?.version ?? ""
        context.userAgent = userAgent
        context.apiVersion = version
        context.namespace = namespace
        let bytes = context.encoded()
        // Namespaces are bounded by the organisations that exist, but a client may spell a stack's number freely.
        if contexts.count >= 10_000 { contexts = [:] }
        contexts[key] = bytes
        return bytes
    }
}
