import DataPlaneAPI
import HTTPKit
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The listeners of the process.
struct Listeners: Sendable {
    /// A listener that was started.
    struct Started: Sendable {
        let settings: ListenerSettings
        let listener: Listener
        let tls: TLSServerContext?
        /// What it shows.
        let certificate: Shown

        /// Its URL for clients on this machine.
        var url: String {
            let host = settings.address.host == "0.0.0.0" ? "127.0.0.1" : settings.address.host == "::" ? "::1" : nil
            let name = host ?? settings.address.host
            return "\(tls == nil ? "http" : "https")://\(name.contains(":") ? "[\(name)]" : name):"
                + "\(listener.address?.port ?? settings.address.port)"
        }
    }

    /// What a listener shows at present.
    final class Shown: Sendable {
        private let certificate: Mutex<ServingCertificate?>

        init(_ certificate: ServingCertificate?) { self.certificate = Mutex(certificate) }

        /// Takes another one; whether it differs.
        func replace(_ new: ServingCertificate) -> Bool {
            certificate.withLock { shown in
                defer { shown = new }
                return shown?.chain != new.chain || shown?.key != new.key
            }
        }

        var chain: String? { certificate.withLock { $0?.chain } }
    }

    private(set) var all: [Started] = []
    /// Follows the files of certificates that operators replace.
    let certificateFiles: FileFollower
    private let access: AccessSetup
    private let data: String

    /// Binds all listeners, in the order of the settings.
    ///
    /// - Parameters:
    ///   - limit: the most connections of each.
    ///   - data: the data folder, for certificates that are made.
    ///   - makeContext: makes the context of a loop for a listener; called on that loop.
    /// - Throws: `GatewayError` naming the listener and its address or file.
    init(
        _ settings: [ListenerSettings], limit: Int, group: MultiThreadedEventLoopGroup, access: AccessSetup,
        data: String,
        makeContext: @escaping @Sendable (ListenerSettings, any EventLoop) -> LoopContext
    ) async throws {
        self.access = access
        self.data = data
        certificateFiles = FileFollower(settings.compactMap(\.tls).flatMap { [$0.certFile, $0.keyFile] })
        for listener in settings {
            let certificate = try listener.tls.map {
                try ServingCertificate($0, host: listener.address.host, data: data)
            }
            let tls: TLSServerContext?
            do throws(GatewayError) {
                tls = try certificate.map { (made) throws(GatewayError) in
                    try TLSServerContext(Self.material(made, access), verifier: access.verifier)
                }
            } catch {
                throw Self.fault(listener, error)
            }
            do {
                let started = try await Listener.start(
                    on: listener.address, tls: tls, limit: limit, group: group
                ) {
                    makeContext(listener, $0)
                }
                all.append(Started(settings: listener, listener: started, tls: tls, certificate: Shown(certificate)))
            } catch let error as GatewayError {
                await close()
                let setting = listener.isListed ? "listeners: \(listener.name)" : "--\(listener.name)"
                throw GatewayError(error.code, "\(error.message) (\(setting))", cause: error.cause)
            }
        }
    }

    /// The first listener for users with, or without, TLS.
    func first(isTLS: Bool) -> Started? {
        all.first { $0.settings.purpose == .data && ($0.tls != nil) == isTLS }
    }

    /// Shows the listeners' certificates anew; what can't be used is reported, and the old one stays.
    func reloadCertificates(_ logger: Logger) {
        for started in all {
            guard let tls = started.tls, let files = started.settings.tls else { continue }
            do throws(GatewayError) {
                let read = try ServingCertificate(files, host: started.settings.address.host, data: data)
                try tls.replace(Self.material(read, access))
                if started.certificate.replace(read) {
                    logger.info(
                        "the certificate was replaced; new connections get it",
                        metadata: ["listener": "\(started.settings.name)"])
                }
                warn(started, logger)
            } catch {
                let fault = Self.fault(started.settings, error)
                logger.error("the certificate stays as it was: \(fault.message)")
            }
        }
    }

    /// Warns of certificates that aren't valid, or not for long.
    func warnOfCertificates(_ logger: Logger) {
        for started in all { warn(started, logger) }
        for warning in access.certificateWarnings { logger.warning("\(warning)") }
    }

    private func warn(_ started: Started, _ logger: Logger) {
        guard let file = started.settings.tls?.certFile, let chain = started.certificate.chain else { return }
        let place = file.isEmpty ? started.settings.name : "\(started.settings.name): \(file)"
        for warning in CertificateDates.warnings(chain, place: place) { logger.warning("\(warning)") }
    }

    private static func material(_ certificate: ServingCertificate, _ access: AccessSetup) -> TLSServerMaterial {
        TLSServerMaterial(
            certificateChain: Array(certificate.chain.utf8), privateKey: Array(certificate.key.utf8),
            clientAuthorities: access.authoritiesPEM)
    }

    private static func fault(_ listener: ListenerSettings, _ error: GatewayError) -> GatewayError {
        let file = listener.tls?.certFile ?? ""
        let place = file.isEmpty ? listener.name : "\(listener.name): \(file)"
        return GatewayError(.badRequest, "\(place): \(error.message)", cause: error.cause)
    }

    /// Waits for exchanges under way, at most so many seconds, then stops accepting.
    ///
    /// New connections are served as long as the old ones need, so that nobody is refused by a process that still could.
    func drain(seconds: Int) async {
        let data = all.filter { $0.settings.purpose == .data }.map(\.listener)
        for listener in data { await listener.drain() }
        let deadline = ContinuousClock.now + .seconds(seconds)
        await wait(until: deadline) {
            var open = 0
            for listener in data { open += await listener.drainedConnections() }
            return open
        }
        for listener in data { await listener.stopAccepting() }
        await wait(until: deadline) {
            var open = 0
            for listener in data { open += await listener.openConnections() }
            return open
        }
    }

    private func wait(until deadline: ContinuousClock.Instant, for open: () async -> Int) async {
        while ContinuousClock.now < deadline, await open() > 0 { try? await Task.sleep(for: .milliseconds(10)) }
    }

    func close() async {
        for started in all { await started.listener.stopAccepting() }
        for started in all { await started.listener.closeAll() }
    }
}
