import Access
import DataPlane
import HTTPKit
import Logging
import NIOCore
import Origins
import Synchronization

/// Keeps the names of headers that claim an identity in step with Grafana's `[auth.proxy]`, on every event loop.
///
/// A name is never forgotten: which Grafana runs with which file, nobody here knows, and one that still runs with an old
/// name believes whoever sends it.
///
/// While none was ever read that the settings name, nothing goes on to the upstream: whatever a request says might be
/// somebody there.
final class IdentityFollower: Sendable {
    /// What keeps requests from the upstream meanwhile.
    let hold: ForwardingHold

    private let known: Mutex<IdentityNames>
    private let contexts = PerLoop<LoopContext>.Register()
    private let logger = Logger(label: "access")

    /// A follower that begins with what was read at the start.
    ///
    /// - Parameter names: those of the gateway's own settings.
    init(_ names: IdentityNames, _ grafana: GrafanaConfig) {
        var names = names
        _ = names.add(grafana.authProxyHeaders)
        known = Mutex(names)
        hold = ForwardingHold(isOn: !grafana.knowsAuthProxy)
        if !grafana.knowsAuthProxy {
            logger.error(
                "grafana-config can't be read, so it is not known which headers name a user to the upstream, and nothing goes on to it until it can: a line of this log says what stands in the way; the gateway's user needs the right to read that file (on Debian: group grafana)"
            )
        }
    }

    /// Why the gateway isn't ready; nil when all is well.
    var failure: String? { hold.isOn ? "the headers of [auth.proxy] in grafana-config can't be read" : nil }

    /// The names at present.
    var names: IdentityNames { known.withLock { $0 } }

    /// Keeps the connections of a context up to date; call on its loop.
    func follow(_ context: LoopContext) {
        contexts.add(context, on: context.loop)
        context.use(identityNames: names)
    }

    /// Takes over the names that Grafana's configuration has now; returns when every loop has them.
    func learn(_ grafana: GrafanaConfig) async {
        let names = grafana.authProxyHeaders
        for name in names where RequestHeaderNames.isTaken(name) {
            logger.error(
                "[auth.proxy] of grafana.ini takes a user from the header \(name), which has another meaning and goes on as it comes: whoever sends it is whom it names; use a name of your own"
            )
        }
        let usable = names.filter { !RequestHeaderNames.isTaken($0) }
        let (added, all) = known.withLock { ($0.add(usable), $0) }
        if !added.isEmpty { await contexts.values.onEvery { $0.use(identityNames: all) } }
        // Not before every loop has the names.
        if grafana.knowsAuthProxy, hold.release() {
            logger.info("grafana-config is read, requests go on to the upstream from now on")
        }
        guard !added.isEmpty else { return }
        logger.info(
            "[auth.proxy] of grafana.ini names further headers; requests lose them from now on",
            metadata: ["headers": "\(added.joined(separator: ", "))"])
    }
}
