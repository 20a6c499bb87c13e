import Access
import DataPlaneAPI
import HTTPKit
import NIOCore
import Origins

/// Passes requests on to the HTTP servers that objects name; one for each event loop.
package final class HTTPBackendProxy {
    /// What is worked out once for the requests of a route.
    private struct Prepared {
        let pool: OriginPool
        let rules: ForwardingRules
    }

    private let pools: OriginPools
    private let certificates: ClientCertificates
    private var generation: Int?
    private var prepared: [ObjectIdentifier: Result<Prepared, GatewayError>] = [:]

    /// A proxy for one event loop.
    ///
    /// - Parameters:
    ///   - certificates: the client certificates that objects may name.
    ///   - dialer: looks names up and reads certificates.
    ///   - bounds: how many connections there may be to one backend.
    package init(
        certificates: ClientCertificates, dialer: Dialer, bounds: PoolBounds = PoolBounds(), loop: any EventLoop
    ) {
        self.certificates = certificates
        pools = OriginPools(
            // Objects name backends in the networks of the cluster; nobody but an administrator writes objects.
            loop: loop,
            dialer: dialer.limited(to: AddressPolicy(allowsPrivate: true), subject: "the backend"), bounds: bounds)
    }

    /// Forgets what belongs to objects and certificates that were replaced; connections that are still of use stay.
    func use(generation: Int) {
        guard self.generation != generation else { return }
        self.generation = generation
        prepared = [:]
        pools.startGeneration()
    }

    /// Passes an exchange on: base path, then the path and query of the request, byte by byte.
    func forward(_ exchange: Exchange, _ route: ClaimedRoute, to backend: HTTPBackend) throws(GatewayError) {
        try ForwardingChecks.check(exchange)
        // A server that decodes the path first must not be led out of its base path.
        _ = try ProxyPath(exchange.path, from: 5)
        let prepared = try prepare(route, backend)
        let fields = try IdentityFields.fields(IdentityFields.stated(exchange.user))
        var outgoing = OutgoingRequest(
            prepared.rules, target: exchange.request.withTarget { backend.basePath + $0 })
        outgoing.fields = fields
        prepared.pool.forward(exchange, outgoing)
    }

    private func prepare(_ route: ClaimedRoute, _ backend: HTTPBackend) throws(GatewayError) -> Prepared {
        let key = ObjectIdentifier(route)
        if let known = prepared[key] { return try known.get() }
        let made = Result { () throws(GatewayError) in
            Prepared(
                pool: pools.pool(try backend.origin(certificates), connectMS: backend.connectMS),
                rules: backend.rules(route.limits))
        }
        prepared[key] = made
        return try made.get()
    }
}
