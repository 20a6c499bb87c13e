import DataPlane
import DataPlaneAPI
import Logging

extension GatewayService {
    /// Shows backends client certificates that are replaced on disk.
    func follow(_ certificates: BackendCertificates, _ publisher: DataPlanePublisher) async {
        await certificates.follower.run {
            do throws(GatewayError) { try certificates.reload() } catch {
                return logger.error("the backends' client certificates stay as they were: \(error.message)")
            }
            logger.info("the backends' client certificates were read again")
            for warning in certificates.warnings { logger.warning("\(warning)") }
            await publisher.certificatesChanged()
        }
    }

    /// Speaks with an https upstream under what its files say now.
    func follow(_ upstream: UpstreamTLS?) async {
        await upstream?.follower.run {
            do throws(GatewayError) { try await upstream?.reload() } catch {
                return logger.error("TLS with the upstream stays as it was: \(error.message)")
            }
            logger.info("the files for TLS with the upstream were read again")
            for warning in UpstreamTLS.warnings(settings) { logger.warning("\(warning)") }
        }
    }

    /// Takes over certificates and tokens that are replaced on disk.
    func follow(
        _ access: AccessSetup, _ announcement: Announcement, in tasks: inout TaskGroup<Void>
    ) {
        let listeners = announcement.listeners
        tasks.addTask {
            await access.tokenFiles.run {
                report("the tokens stay as they were") { () throws(GatewayError) in
                    try access.reloadTokens()
                    try announcement.writeKubeconfig()
                    logger.info("the tokens were read again")
                }
            }
        }
        tasks.addTask {
            await access.authorityFiles.run {
                do throws(GatewayError) {
                    try await access.reloadAuthorities()
                    // The names of the authorities are part of what listeners ask clients for.
                    listeners.reloadCertificates(logger)
                    logger.info("the authorities were read again")
                    for warning in access.certificateWarnings { logger.warning("\(warning)") }
                } catch {
                    logger.error("the authorities stay as they were: \(error.message)")
                }
            }
        }
        tasks.addTask {
            await listeners.certificateFiles.run {
                listeners.reloadCertificates(logger)
                report("the kubeconfig stays as it was") { () throws(GatewayError) in
                    try announcement.writeKubeconfig()
                }
            }
        }
        tasks.addTask {
            // Certificates that the gateway made itself are renewed weeks before they end.
            while (try? await Task.sleep(for: .seconds(43_200))) != nil { listeners.reloadCertificates(logger) }
        }
    }

    private func report(_ what: String, _ body: () throws(GatewayError) -> Void) {
        do { try body() } catch { logger.error("\(what): \(error.message)") }
    }
}
