import HTTPKit
import NIOCore
import PluginProtocol
import Synchronization

/// Holds the state of every plugin and hands changes to the loops.
final class PluginBoard: Sendable {
    private struct State {
        var states: [String: PluginState] = [:]
        /// Plugins whose last process had no metrics.
        var withoutMetrics: Set<String> = []

        /// Keeps in mind what the running process has said of its metrics.
        mutating func noteMetrics(_ id: String) {
            guard case .ready(let instance) = states[id] else { return }
            if instance.isMissing(.collectMetrics) { withoutMetrics.insert(id) } else { withoutMetrics.remove(id) }
        }
    }

    private let state = Mutex(State())
    private let plugins = PerLoop<LoopPlugins>.Register()
    let changes: AsyncStream<String>
    private let feed: AsyncStream<String>.Continuation

    init() {
        (changes, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
    }

    /// Keeps the plugins of a loop up to date from now on; call on that loop.
    func add(_ plugins: LoopPlugins, on loop: any EventLoop) {
        let known = state.withLock { state in
            self.plugins.add(plugins, on: loop)
            return state.states
        }
        // What is published from now on comes to the loop later.
        for (id, value) in known { plugins.set(id, value) }
    }

    func publish(_ id: String, _ value: PluginState) {
        // Sent under the lock, so that every loop sees changes in the order they happened.
        state.withLock { state in
            state.noteMetrics(id)
            state.states[id] = value
            plugins.values.tellEvery { $0.set(id, value) }
        }
        feed.yield(id)
    }

    func pluginsWithoutMetrics() -> Set<String> {
        state.withLock { state in
            for id in state.states.keys { state.noteMetrics(id) }
            return state.withoutMetrics
        }
    }

    func noticed(_ id: String) { feed.yield(id) }

    func state(_ id: String) -> PluginState {
        state.withLock { $0.states[id] } ?? .down(PluginDown(.missing, PluginHost.unknown(id)))
    }
}
