import APIServer
import Access
import DataPlane
import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import Origins
import PluginBridge
import PluginProtocol

/// What the chains of all loops share.
struct ChainParts: Sendable {
    let settings: Settings
    let publisher: DataPlanePublisher
    let api: APIServerCore
    let access: AccessSetup
    let streams: StreamHub
    let budget: MemoryBudget
    let workers: NIOThreadPool
    /// Reads large bodies, on the same threads.
    let side: SideWork
    /// Looks names up and reads certificates, for requests.
    let dialer: Dialer
    /// How many loops share what is bounded for the process.
    let loops: Int
    /// What gathered bodies are charged to.
    let bodies: BodyBudget
    /// Where everything unmatched goes; nil for nowhere.
    let upstream: UpstreamTLS?
    /// What backends are shown.
    let clientCertificates: BackendCertificates
    /// Access tokens for data sources, which all loops share.
    let tokens = AccessTokenStore()
    let metrics: GatewayMetrics
    let log: AccessLog
}

/// Builds the handler chain of the data port, in the order a request travels.
enum Chain {
    /// What the gateway answers itself, at the root and below the upstream's base path; everything else is the upstream's.
    private static func owned(_ base: String) -> OwnedPrefixes {
        let below = ["/apis", "/openapi/v2", "/openapi/v3", "/api/v1/namespaces"]
        let exactly = ["/api", "/api/v1", "/api/v1/events", "/api/v1/services", "/version", "/livez", "/readyz"]
        guard !base.isEmpty else { return OwnedPrefixes(below: below, exactly: exactly) }
        return OwnedPrefixes(
            below: below + below.map { base + $0 }, exactly: exactly + exactly.map { base + $0 })
    }

    /// What every path must look like.
    static func rules(_ upstream: Origin?) -> PathRules {
        let base = upstream?.basePath ?? ""
        return PathRules(owned: owned(base), base: base)
    }

    /// The chain of one loop; call on that loop.
    static func make(_ loop: any EventLoop, _ parts: ChainParts) -> any ExchangeHandler {
        let settings = parts.settings
        let policy = parts.access.policy()
        let gate = parts.access.gate(policy)

        var timeouts = OriginTimeouts()
        timeouts.connectMS = settings.upstreamConnectTimeoutMS
        let pool = parts.upstream.map {
            $0.pool(
                on: loop, timeouts: timeouts, dialer: parts.dialer,
                bounds: settings.bounds("upstream-connection-limit", settings.upstreamConnectionLimit, parts.loops),
                hold: parts.access.identities.hold)
        }
        let others = settings.bounds("backend-connection-limit", settings.backendConnectionLimit, parts.loops)
        let toUpstream = parts.upstream.map {
            ForwardingRules(upstream: $0.origin, responseSeconds: settings.upstreamResponseTimeout)
        }
        let upstream = UpstreamHandler(pool: pool, rules: toUpstream)
        let rules = rules(settings.upstream)

        let state = parts.publisher.state(of: loop)
        let stored = APIServerHandler(
            core: parts.api, gate: gate, policy: policy, claims: state.map { state in { state.claims } },
            next: upstream)
        let api = SelfReviewHandler(gate: gate, policy: policy, next: stored)

        guard let state else {
            return PathFilter(rules, next: parts.access.handler(loop, next: api))
        }
        let bridges = bridges(loop, state, parts)
        let dataPlane = DataPlaneHandler(
            state: state, bridges: bridges, streams: parts.streams.bridge(on: loop),
            proxy: DataSourceProxy(
                settings: DataSourceProxySettings(
                    dialer: parts.dialer.limited(
                        to: AddressPolicy(allowsPrivate: settings.dataSourceProxyPrivate),
                        subject: "the data source"),
                    bounds: others, tokens: parts.tokens),
                loop: loop),
            httpBackends: HTTPBackendProxy(
                certificates: parts.clientCertificates.table, dialer: parts.dialer, bounds: others, loop: loop),
            upstream: UpstreamBackend(pool: pool, rules: toUpstream, side: parts.side),
            gate: gate, userAgent: GatewayVersion.pluginUserAgent, next: api)

        return PathFilter(rules, next: parts.access.handler(loop, next: dataPlane))
    }

    /// The chain of an admin listener on one loop; call on that loop.
    ///
    /// On loopback it answers whoever is on this machine, also when users have to sign in: it is where operators look
    /// when that fails. Elsewhere it needs authentication as everything else does.
    static func admin(
        _ loop: any EventLoop, _ pages: AdminPages, _ download: StoreDownload, _ parts: ChainParts, isLocal: Bool
    )
        -> any ExchangeHandler
    {
        let scrape = parts.publisher.state(of: loop).map { state in
            PluginScrape(
                state: state,
                bridge: MetricsBridge(
                    settings: MetricsBridgeSettings(
                        timeout: parts.settings.pluginCallTimeout, limit: parts.settings.pluginMetricsLimit),
                    plugins: state.plugins, budget: parts.budget, side: parts.side))
        }
        guard !isLocal else {
            return AdminHandler(pages: pages, gate: FirstRunGate(), scrape: scrape, download: download)
        }
        let access = parts.access
        return access.handler(
            loop,
            next: AdminHandler(pages: pages, gate: access.gate(access.policy()), scrape: scrape, download: download))
    }

    private static func bridges(_ loop: any EventLoop, _ state: LoopState, _ parts: ChainParts) -> LoopBridges {
        let settings = parts.settings
        return LoopBridges(
            loop,
            settings: BridgeSettings(
                requestLimit: settings.pluginRequestLimit, responseLimit: settings.pluginResponseLimit,
                metricsLimit: settings.pluginMetricsLimit, idleTimeout: settings.pluginStreamIdleTimeout,
                format: settings.frameFormat == "arrow" ? .arrow : .json),
            plugins: state.plugins, budget: parts.budget, workers: parts.workers, side: parts.side)
    }
}

extension Settings {
    /// A loop's share of the connections to one server.
    fileprivate func bounds(_ setting: String, _ limit: Int, _ loops: Int) -> PoolBounds {
        .share(of: limit, among: loops, waitMS: connectionWaitTimeoutMS, setting: setting)
    }
}
