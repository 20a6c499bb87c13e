import APIServer
import DataPlaneAPI
import NIOCore
import PluginBridge
import PluginProtocol

/// What the data plane of one event loop works with; replaced piece by piece, on the loop.
package final class LoopState {
    /// The claimed routes.
    private(set) var routes = RouteTable([])
    /// Counts the replacements of routes, and of certificates that their backends are shown.
    private(set) var backendsGeneration = 0
    /// The data sources.
    var sources = DataSourceTable()
    /// Counts the replacements of data sources and plugin facts.
    private(set) var sourcesGeneration = 0
    /// Facts of plugin.json by plugin id.
    var manifests: [String: PluginManifest] = [:]
    /// The plugins' states.
    package let plugins: LoopPlugins
    /// The streams of all loops; nil before they are started.
    var streams: StreamHub?
    private var contexts: [ContextKey: ContextBytes] = [:]
    /// What requests of one route about one thing have in common.
    let subjects = PreparedSubjects()
    private var standards: [StandardKey: DataSourceTable.Standard] = [:]

    private struct StandardKey: Hashable {
        let orgID: Int
        let pluginID: String
    }

    private struct ContextKey: Hashable {
        /// The data source; nil where there is none.
        let source: ObjectIdentifier?
        let isApp: Bool
        let orgID: Int
        let pluginID: String
        let version: String
        let namespace: String
    }

    /// The loop it belongs to.
    let loop: any EventLoop
    /// What plugins see as their host; set by the handler.
    var userAgent = ""

    init(plugins: LoopPlugins, loop: any EventLoop) {
        self.plugins = plugins
        self.loop = loop
    }

    /// Takes over a table that has changed at some places; what was prepared for the others stays.
    ///
    /// - Returns: whether streams may have lost their route.
    func replace(routes: RouteTable, changed: Set<GroupPlace>) -> Bool {
        let before = changed.compactMap { self.routes.find($0) }
        self.routes = routes
        subjects.remove(changed)
        if before.contains(where: \.namesServers) { backendsGeneration &+= 1 }
        return before.contains(where: \.hasStreams)
    }

    /// The groups that are claimed.
    package var claims: any ClaimedGroups { routes }

    /// Takes over new client certificates.
    func certificatesChanged() { backendsGeneration &+= 1 }

    /// Takes over new data sources; what was encoded for the old ones is dropped.
    func replace(sources: DataSourceTable, manifests: [String: PluginManifest]) {
        self.sources = sources
        self.manifests = manifests
        sourcesGeneration &+= 1
        contexts = [:]
        standards = [:]
        subjects.removeAll()
    }

    /// The plugin of an id; where there is none, the one that has it as an alias.
    package func plugin(_ id: String) -> PluginManifest? {
        if let known = manifests[id] { return known }
        return manifests.values.filter { $0.aliasIDs.contains(id) }.min { $0.id < $1.id }
    }

    /// The plugin context of a data source, encoded once and kept: equal requests send equal bytes.
    func context(_ source: DataSource, pluginID: String, version: String, namespace: String, userAgent: String)
        -> ContextBytes
    {
        let key = ContextKey(
            source: ObjectIdentifier(source), isApp: false, orgID: source.orgID, pluginID: pluginID, version: version,
            namespace: namespace)
        return context(key, userAgent) { $0.dataSourceSettings = source.settings }
    }

    /// The plugin context of an app in an organisation.
    func context(
        app orgID: Int, pluginID: String, version: String, namespace: String, userAgent: String
    ) -> ContextBytes {
        context(
            plugin: pluginID, isApp: true, orgID: orgID, version: version, namespace: namespace, userAgent: userAgent)
    }

    /// The plugin context of a plugin alone: without a data source, for an app with its settings, which are empty where
    /// nobody has provisioned any.
    func context(
        plugin pluginID: String, isApp: Bool, orgID: Int = 1, version: String, namespace: String = "",
        userAgent: String
    ) -> ContextBytes {
        let key = ContextKey(
            source: nil, isApp: isApp, orgID: orgID, pluginID: pluginID, version: version, namespace: namespace)
        return context(key, userAgent) { context in
            if isApp { context.appSettings = sources.appSettings(orgID: orgID, pluginID: pluginID) }
        }
    }

    /// The data source that calls without one mean; looked for once.
    func standardSource(orgID: Int, pluginID: String, types: [String]) -> DataSourceTable.Standard {
        let key = StandardKey(orgID: orgID, pluginID: pluginID)
        if let known = standards[key] { return known }
        let found = sources.standard(orgID: orgID, types: types)
        // As many as there are organisations; a client may name any number of them.
        if standards.count >= 10_000 { standards = [:] }
        standards[key] = found
        return found
    }

    private func context(_ key: ContextKey, _ userAgent: String, _ fill: (inout PluginContext) -> Void) -> ContextBytes
    {
        if let known = contexts[key] { return known }
        var context = PluginContext()
        context.orgID = Int64(key.orgID)
        context.pluginID = key.pluginID
        fill(&context)
        context.grafanaConfig = sources.grafanaConfig
        context.pluginVersion = manifests[key.pluginID]?.version ?? ""
        context.userAgent = userAgent
        context.apiVersion = key.version
        context.namespace = key.namespace
        let bytes = context.encoded()
        // Namespaces are bounded by the organisations that exist, but a client may spell a stack's number freely.
        if contexts.count >= 10_000 { contexts = [:] }
        contexts[key] = bytes
        return bytes
    }
}

/// What a stream belongs to, in the scope of its key.
struct StreamScope {
    var group: String
    var version: String
    var namespace: String
    /// The data source; nil for an app.
    var uid: String?

    init(group: String, version: String, namespace: String, uid: String? = nil) {
        self.group = group
        self.version = version
        self.namespace = namespace
        self.uid = uid
    }

    /// Reads the text of a key; a uid may hold slashes, the parts before it don't.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3 else { return nil }
        self.init(group: parts[0], version: parts[1], namespace: parts[2], uid: parts.count > 3 ? parts[3] : nil)
    }

    var text: String { ([group, version, namespace] + (uid.map { [$0] } ?? [])).joined(separator: "/") }
}

extension LoopState {
    /// Ends the streams on this loop that no route leads to any more, after routes have changed.
    func endUnclaimedStreams() {
        // By the routes of whatever moment somebody asks.
        streams?.bridge(on: loop)?.serve { [weak self] key in
            guard let routes = self?.routes, let scope = StreamScope(key.scope) else { return false }
            let route = routes.stream(group: scope.group, version: scope.version, isApp: scope.uid == nil)
            // An object that has another backend now may still name the plugin.
            return route?.backend.isPlugin == true && route?.pluginID == key.pluginID
        }
    }

    /// Gives the streams that run on this loop their contexts anew, after data sources have changed.
    func refreshStreams() {
        guard let bridge = streams?.bridge(on: loop) else { return }
        bridge.refresh { key in
            guard let scope = StreamScope(key.scope), let orgID = try? Namespace.orgID(scope.namespace) else {
                return nil
            }
            guard let uid = scope.uid else {
                let app = sources.app(orgID: orgID, pluginID: key.pluginID)
                guard app?.isEnabled != false else { return nil }
                return context(
                    app: orgID, pluginID: key.pluginID, version: scope.version, namespace: scope.namespace,
                    userAgent: userAgent)
            }
            return sources.find(orgID: orgID, uid: uid).map {
                context(
                    $0, pluginID: key.pluginID, version: scope.version, namespace: scope.namespace, userAgent: userAgent
                )
            }
        }
    }
}
