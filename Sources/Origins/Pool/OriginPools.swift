import DataPlaneAPI
import HTTPKit
import NIOCore

/// The connections of one event loop to origins that data sources or objects name.
///
/// Their configuration changes in generations. What a generation doesn't use any more is closed with the next one.
package final class OriginPools {
    private struct Key: Hashable {
        let origin: Origin
        let connectMS: Int
    }

    private let loop: any EventLoop
    private let dialer: Dialer
    private let bounds: PoolBounds
    private var pools: [Key: OriginPool] = [:]
    private var olderPools: [Key: OriginPool] = [:]

    /// Pools of a loop.
    ///
    /// - Parameters:
    ///   - dialer: looks names up and reads certificates, and knows which addresses may be dialled.
    ///   - bounds: how many connections there may be to one origin.
    package init(loop: any EventLoop, dialer: Dialer, bounds: PoolBounds = PoolBounds()) {
        self.loop = loop
        self.dialer = dialer
        self.bounds = bounds
    }

    /// Begins a generation.
    package func startGeneration() {
        for pool in olderPools.values { pool.retire() }
        olderPools = pools
        pools = [:]
    }

    /// The connections to an origin; asked once by what is kept for a generation, for keys and certificates are compared.
    ///
    /// - Parameter connectMS: for the TCP connection, and for the TLS handshake after it, milliseconds.
    package func pool(_ origin: Origin, connectMS: Int) -> OriginPool {
        let key = Key(origin: origin, connectMS: connectMS)
        if let known = pools[key] { return known }
        if let older = olderPools.removeValue(forKey: key) {
            pools[key] = older
            return older
        }
        var timeouts = OriginTimeouts()
        timeouts.connectMS = connectMS
        let made = OriginPool(origin, loop: loop, timeouts: timeouts, dialer: dialer, bounds: bounds)
        pools[key] = made
        return made
    }
}
