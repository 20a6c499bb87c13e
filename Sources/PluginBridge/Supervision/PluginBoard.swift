import NIOCore
import PluginProtocol
import Synchronization

/// Holds the state of every plugin and hands changes to the loops.
final class PluginBoard: Sendable {
    private struct State {
        var states: [String: PluginState] = [:]
        /// Plugins whose last process had no metrics.
        var withoutMetrics: Set<String> = []
        var loops: [(loop: any EventLoop, plugins: NIOLoopBound<LoopPlugins>)] = []

        /// Keeps in mind what the running process has said of its metrics.
        mutating func noteMetrics(_ id: String) {
            guard case .ready(let instance) = states[id] else { return }
            if instance.isMissing(.collectMetrics) { withoutMetrics.insert(id) } else { withoutMetrics.remove(id) }
        }
    }

    private let state = Mutex(State())
    let changes: AsyncStream<String>
    private let feed: AsyncStream<String>.Continuation

    init() {
        (changes, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
    }

    func add(_ loop: any EventLoop, _ plugins: NIOLoopBound<LoopPlugins>) {
        let known = state.withLock { state in
            state.loops.append((loop, plugins))
            return state.states
        }
        loop.execute { for (id, value) in known { plugins.value.set(id, value) } }
    }

    func publish(_ id: String, _ value: PluginState) {
        // Sent under the lock, so that every loop sees changes in the order they happened.
        state.withLock { state in
            state.noteMetrics(id)
            state.states[id] = value
            for (loop, plugins) in state.loops { loop.execute { plugins.value.set(id, value) } }
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
