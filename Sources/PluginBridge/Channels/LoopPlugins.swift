import RPC

/// The plugins as one event loop sees them; the host writes it, on the loop.
package final class LoopPlugins {
    private var states: [String: PluginState] = [:]
    private var observers: [(String) -> Void] = []
    /// The completion target of the loop.
    package let completions: CompletionTarget

    init(completions: CompletionTarget) {
        self.completions = completions
    }

    /// The state of a plugin; plugins that nobody knows are down.
    package func state(_ id: String) -> PluginState {
        states[id] ?? .down(PluginDown(.missing, PluginHost.unknown(id)))
    }

    /// Calls `body` with the id of each plugin whose state has changed, from now on.
    package func observe(_ body: @escaping (String) -> Void) { observers.append(body) }

    func set(_ id: String, _ state: PluginState?) {
        states[id] = state
        for observer in observers { observer(id) }
    }
}
