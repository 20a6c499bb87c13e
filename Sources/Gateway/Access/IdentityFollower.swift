import Access
import HTTPKit
import Logging
import NIOCore
import Synchronization

/// Keeps the names of headers that claim an identity in step with Grafana's `[auth.proxy]`, on every event loop.
///
/// A name is never forgotten: which Grafana runs with which file, nobody here knows, and one that still runs with an old
/// name believes whoever sends it.
final class IdentityFollower: Sendable {
    private struct State {
        var names: IdentityNames
        var loops: [(loop: any EventLoop, context: NIOLoopBound<LoopContext>)] = []
    }

    private let state: Mutex<State>
    private let logger = Logger(label: "access")

    /// A follower that begins with these names.
    init(_ names: IdentityNames) { state = Mutex(State(names: names)) }

    /// The names at present.
    var names: IdentityNames { state.withLock { $0.names } }

    /// Keeps the connections of a context up to date; call on its loop.
    func follow(_ context: LoopContext) {
        let bound = NIOLoopBound(context, eventLoop: context.loop)
        let loop = context.loop
        let names = state.withLock { state in
            state.loops.append((loop, bound))
            return state.names
        }
        context.use(identityNames: names)
    }

    /// Takes over the names that Grafana's configuration has now; returns when every loop has them.
    func learn(_ names: [String]) async {
        for name in names where RequestHeaderNames.isTaken(name) {
            logger.error(
                "[auth.proxy] of grafana.ini takes a user from the header \(name), which has another meaning and goes on as it comes: whoever sends it is whom it names; use a name of your own"
            )
        }
        let usable = names.filter { !RequestHeaderNames.isTaken($0) }
        let (added, all, loops) = state.withLock { state in
            (state.names.add(usable), state.names, state.loops)
        }
        guard !added.isEmpty else { return }
        for (loop, context) in loops {
            _ = try? await loop.submit { context.value.use(identityNames: all) }.get()
        }
        logger.info(
            "[auth.proxy] of grafana.ini names further headers; requests lose them from now on",
            metadata: ["headers": "\(added.joined(separator: ", "))"])
    }
}
