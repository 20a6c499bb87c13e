import Access
import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix

/// Passes requests on to the HTTP servers that objects name; one for each event loop.
package final class HTTPBackendProxy {
    /// What is worked out once for the requests of a route.
    private struct Prepared {
        let place: ProxyPlace
        let rules: ProxyRules
    }

    private let pools: ProxyPools
    private let certificates: ClientCertificates
    private let origins = OriginPolicy()
    private var generation: Int?
    private var prepared: [ObjectIdentifier: Result<Prepared, GatewayError>] = [:]

    /// A proxy for one event loop.
    ///
    /// - Parameters:
    ///   - certificates: the client certificates that objects may name.
    ///   - threads: where names are looked up and certificates are read.
    package init(certificates: ClientCertificates, threads: NIOThreadPool, loop: any EventLoop) {
        self.certificates = certificates
        pools = ProxyPools(
            // Objects name backends in the networks of the cluster; nobody but an administrator writes objects.
            loop: loop, addresses: AddressPolicy(allowsPrivate: true), threads: threads, subject: "the backend")
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
        let request = exchange.request
        if request.method == .connect || request.method == .trace {
            throw .methodNotAllowed(
                request.methodText, allow: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        }
        if request.wantsUpgrade, !origins.allows(request, isTLS: exchange.peer.isTLS) {
            throw GatewayError(.forbidden, "this page may not open sockets here: its Origin is not the gateway's own")
        }
        let prepared = try prepare(route, backend)
        if case .length(let length) = request.framing, let limit = prepared.rules.requestLimit, length > limit {
            throw GatewayError(
                .payloadTooLarge,
                "Request entity too large: limit is \(limit) bytes (limits.maxRequestBytes of the DataPlaneService)")
        }
        let fields = try IdentityFields.lines(IdentityFields.stated(exchange.user))
        let target = request.withTarget { backend.basePath + $0 }
        pools.pool(prepared.place).forward(
            exchange, ProxyRewrite(target: target, fields: fields, rules: prepared.rules))
    }

    private func prepare(_ route: ClaimedRoute, _ backend: HTTPBackend) throws(GatewayError) -> Prepared {
        let key = ObjectIdentifier(route)
        if let known = prepared[key] { return try known.get() }
        let made = Result { () throws(GatewayError) in
            Prepared(
                place: ProxyPlace(
                    endpoint: backend.endpoint, tls: try backend.tls(certificates),
                    timeout: route.limits.timeoutSeconds,
                    connectMS: backend.connectMS),
                rules: backend.rules(route.limits))
        }
        prepared[key] = made
        return try made.get()
    }
}
