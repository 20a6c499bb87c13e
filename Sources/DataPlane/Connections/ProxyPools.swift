import DataPlaneAPI
import HTTPKit
import NIOCore

/// Which connections serve requests: those with the same place share them.
struct ProxyPlace: Sendable, Hashable {
    /// Host and port.
    var endpoint: UpstreamEndpoint
    /// TLS; nil for plain HTTP.
    var tls: TLSClientSettings?
    /// Seconds for the head of an answer.
    var timeout: Int
    /// For the TCP connection, and for the TLS handshake after it, milliseconds.
    var connectMS = 10_000
}

/// The connections of one event loop to servers that data sources or objects name.
///
/// Their configuration changes in generations. What a generation doesn't use any more is closed with the next one.
final class ProxyPools {
    private let loop: any EventLoop
    private let addresses: AddressPolicy
    private let dialer: Dialer
    private let bounds: PoolBounds
    private let subject: String
    private var pools: [ProxyPlace: UpstreamPool] = [:]
    private var olderPools: [ProxyPlace: UpstreamPool] = [:]

    /// - Parameters:
    ///   - addresses: which addresses may be dialled.
    ///   - dialer: looks names up and reads certificates.
    ///   - bounds: how many connections there may be to one place.
    ///   - subject: what messages call the kind of server.
    init(
        loop: any EventLoop, addresses: AddressPolicy, dialer: Dialer, bounds: PoolBounds = PoolBounds(),
        subject: String
    ) {
        self.loop = loop
        self.addresses = addresses
        self.dialer = dialer
        self.bounds = bounds
        self.subject = subject
    }

    /// Begins a generation.
    func startGeneration() {
        for pool in olderPools.values { pool.retire() }
        olderPools = pools
        pools = [:]
    }

    /// The connections of a place; asked once by what is kept for a generation, for the place's keys and certificates are
    /// compared.
    func pool(_ place: ProxyPlace) -> UpstreamPool {
        if let known = pools[place] { return known }
        if let older = olderPools.removeValue(forKey: place) {
            pools[place] = older
            return older
        }
        var timeouts = UpstreamTimeouts()
        timeouts.connectMS = place.connectMS
        timeouts.responseSeconds = place.timeout
        let made = UpstreamPool(
            endpoint: place.endpoint, loop: loop, timeouts: timeouts,
            transport: UpstreamTransport(tls: place.tls, addresses: addresses, dialer: dialer, subject: subject),
            bounds: bounds)
        pools[place] = made
        return made
    }
}
