import DataPlaneAPI
import HTTPKit
import NIOCore
import Origins

/// Whether the backend of an object can be used.
enum BackendState: Sendable, Equatable {
    /// Nobody has looked yet.
    case unchecked
    case reachable
    /// It can't, and why.
    case unreachable(String)
}

/// Connects to the HTTP servers that objects name, to see whether they are there; sends no request.
package final class BackendProbe: Sendable {
    /// For a connection, milliseconds, however long requests may wait for one.
    private static let patienceMS = 5_000

    private let loop: any EventLoop
    private let pools: NIOLoopBound<OriginPools>
    private let certificates: ClientCertificates

    /// A probe that works on a loop.
    ///
    /// - Parameter dialer: one for probes: servers that can't be found must not keep requests waiting.
    package static func make(
        certificates: ClientCertificates, dialer: Dialer, loop: any EventLoop
    ) async throws -> BackendProbe {
        let pools = try await loop.submit {
            NIOLoopBound(
                OriginPools(
                    loop: loop,
                    dialer: dialer.limited(to: AddressPolicy(allowsPrivate: true), subject: "the backend")),
                eventLoop: loop)
        }.get()
        return BackendProbe(loop: loop, pools: pools, certificates: certificates)
    }

    private init(loop: any EventLoop, pools: NIOLoopBound<OriginPools>, certificates: ClientCertificates) {
        self.loop = loop
        self.pools = pools
        self.certificates = certificates
    }

    /// Begins a round: what no object names any more is forgotten after the next one.
    func startRound() {
        loop.execute { self.pools.value.startGeneration() }
    }

    /// What became of a connection to an object's backend; TLS included.
    func state(_ service: DataPlaneService) async -> BackendState {
        guard let backend = HTTPBackend(service.metadata.name, service.spec.backend) else {
            return .unreachable("spec.backend.baseURL is no URL")
        }
        let origin: Origin
        do throws(GatewayError) { origin = try backend.origin(certificates) } catch {
            return .unreachable(error.message)
        }
        let why: String? = await withCheckedContinuation { continuation in
            loop.execute {
                self.pools.value.pool(origin, connectMS: min(backend.connectMS, Self.patienceMS))
                    .check { continuation.resume(returning: $0) }
            }
        }
        return why.map { .unreachable("the backend can't be reached: \($0)") } ?? .reachable
    }
}
