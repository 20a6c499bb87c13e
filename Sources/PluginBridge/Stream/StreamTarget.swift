import PluginProtocol

/// What tells streams apart: clients with equal keys share one RunStream call.
package struct StreamKey: Sendable, Hashable {
    /// The plugin that runs it.
    package let pluginID: String
    /// What it belongs to: namespace and data source, as the caller names them.
    package let scope: String
    /// The stream's path within the plugin.
    package let path: String
    /// What subscribers gave along: a plugin may run another stream for it.
    package let data: [UInt8]

    /// A key.
    package init(pluginID: String, scope: String, path: String, data: [UInt8] = []) {
        self.pluginID = pluginID
        self.scope = scope
        self.path = path
        self.data = data
    }

    /// The same stream with other data.
    func with(data: [UInt8]) -> StreamKey { StreamKey(pluginID: pluginID, scope: scope, path: path, data: data) }

    /// Whether what is published to the other reaches the listeners of this one.
    func isSameChannel(as other: StreamKey) -> Bool {
        path == other.path && scope == other.scope && pluginID == other.pluginID
    }

    /// The place of the loop that runs it: the same for all data, so that publishing finds every variant there.
    func home(of loops: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(pluginID)
        hasher.combine(scope)
        hasher.combine(path)
        return Int(UInt(bitPattern: hasher.finalize()) % UInt(max(1, loops)))
    }
}

/// A stream as one client asks for it.
package struct StreamTarget: Sendable {
    /// Which stream.
    package var key: StreamKey
    /// The encoded plugin context of this client; of the users of all clients RunStream, which they share, gets the first.
    package var context: ContextBytes
    /// Headers that the plugin gets with SubscribeStream and PublishStream.
    package var headers: [String: String]

    /// A target.
    package init(key: StreamKey, context: ContextBytes, headers: [String: String] = [:]) {
        self.key = key
        self.context = context
        self.headers = headers
    }
}
