import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import Origins
import PluginProtocol

/// Connections to the servers of data sources, which all requests of a plugin share.
///
/// Make one for the plugin and keep it. As Grafana's SDK for Go does it, URL, basic authentication, headers
/// (`httpHeaderName1`…), TLS and time-out are taken from the settings of the data source; redirects are not followed:
/// credentials belong to the data source's own address.
public final class HTTPClients: Sendable {
    /// What isn't asked for in this time is closed.
    private static let generation = TimeAmount.minutes(5)

    private final class State {
        let pools: OriginPools
        var since = NIODeadline.now()
        init(_ pools: OriginPools) { self.pools = pools }
    }

    private let loop: any EventLoop
    private let state: NIOLoopBoundBox<State?>
    /// For all there are: its threads last as long as the process.
    private static let dialer: Dialer = {
        let work = SideWork(threads: 2)
        return Dialer(names: NameService(), contexts: TLSContexts(work), work: work)
    }()

    /// Connections on one of the process's event loops.
    public init() {
        loop = MultiThreadedEventLoopGroup.singleton.next()
        state = .makeBoxSendingValue(nil, eventLoop: loop)
    }

    /// The client of a data source.
    ///
    /// - Throws: what in its settings can't be used, as the user's fault.
    public func client(for source: DataSourceInstanceSettings) throws(PluginError) -> HTTPClient {
        guard !source.url.isEmpty else {
            throw PluginError.user("the data source has no url; set it to the address of its server")
        }
        do throws(GatewayError) {
            return try HTTPClient(source, self)
        } catch {
            throw PluginError.user(error.message)
        }
    }

    func send(
        _ fetch: OriginFetch, to origin: Origin, connectMS: Int
    ) async -> Result<OriginFetch.Answer, GatewayError> {
        await withCheckedContinuation { continuation in
            loop.execute {
                fetch.send(through: self.pools().pool(origin, connectMS: connectMS)) {
                    continuation.resume(returning: $0)
                }
            }
        }
    }

    private func pools() -> OriginPools {
        let now = NIODeadline.now()
        let state = state.value ?? State(OriginPools(loop: loop, dialer: Self.dialer))
        self.state.value = state
        if now - state.since > Self.generation {
            state.since = now
            state.pools.startGeneration()
        }
        return state.pools
    }
}
