import DataPlaneAPI
import HTTPKit
import NIOCore
import Origins
import SystemKit

/// The upstream, and how TLS is spoken with it; files are read anew when they change.
struct UpstreamTLS: Sendable {
    /// The upstream, as the files were when the process started.
    let origin: Origin
    /// Follows the files.
    let follower: FileFollower
    private let settings: Settings
    private let pools = PerLoop<OriginPool>.Register()

    /// Reads the files; nil where there is no upstream.
    ///
    /// - Throws: `GatewayError` that names the setting.
    init?(_ settings: Settings) throws(GatewayError) {
        guard var origin = settings.upstream else { return nil }
        follower = FileFollower(Self.files(settings).map(\.path))
        origin.tls = try Self.read(settings)
        self.origin = origin
        self.settings = settings
    }

    /// A pool of connections to the upstream, whose TLS follows the files; call on its loop.
    func pool(
        on loop: any EventLoop, timeouts: OriginTimeouts = OriginTimeouts(), dialer: Dialer,
        bounds: PoolBounds = PoolBounds(), hold: ForwardingHold? = nil
    ) -> OriginPool {
        let pool = OriginPool(origin, loop: loop, timeouts: timeouts, dialer: dialer, bounds: bounds, hold: hold)
        pools.add(pool, on: loop)
        return pool
    }

    /// Reads the files again; what is there stays when one of them can't be used.
    func reload() async throws(GatewayError) {
        let tls = try Self.read(settings)
        await pools.values.onEvery { $0.use(tls) }
    }

    /// Warnings about the dates of the certificates.
    static func warnings(_ settings: Settings) -> [String] {
        files(settings).filter { $0.key != "upstream-client-key-file" }.flatMap { file in
            CertificateDates.warnings((try? FileText.read(file.path)) ?? "", place: "\(file.key): \(file.path)")
        }
    }

    /// What is wrong with these settings and the files that they name.
    static func faults(_ settings: Settings) -> [GatewayError] {
        do throws(GatewayError) {
            _ = try read(settings)
            return []
        } catch {
            return [error]
        }
    }

    private static func files(_ settings: Settings) -> [(key: String, path: String)] {
        [
            ("upstream-ca-file", settings.upstreamCAFile),
            ("upstream-client-cert-file", settings.upstreamClientCertFile),
            ("upstream-client-key-file", settings.upstreamClientKeyFile),
        ].filter { !$0.path.isEmpty }
    }

    private static func read(_ settings: Settings) throws(GatewayError) -> TLSClientSettings? {
        guard var tls = settings.upstream?.tls else {
            let given =
                files(settings).first?.key ?? (settings.upstreamServerName.isEmpty ? nil : "upstream-server-name")
            guard let given else { return nil }
            throw GatewayError(
                .badRequest,
                "\(settings.place(given)): is for an upstream that is spoken TLS with: --upstream https://…")
        }
        tls.serverName = settings.upstreamServerName
        if !settings.upstreamCAFile.isEmpty { tls.authorities = Array(try FileText.read(settings.upstreamCAFile).utf8) }
        let (chain, key) = (settings.upstreamClientCertFile, settings.upstreamClientKeyFile)
        guard chain.isEmpty == key.isEmpty else {
            throw GatewayError(
                .badRequest,
                "\(settings.place(chain.isEmpty ? "upstream-client-key-file" : "upstream-client-cert-file")): "
                    + "a client certificate needs both upstream-client-cert-file and upstream-client-key-file")
        }
        if !chain.isEmpty {
            tls.certificateChain = Array(try FileText.read(chain).utf8)
            tls.privateKey = Array(try FileText.read(key).utf8)
        }
        try tls.check()
        return tls
    }
}
