import DataPlaneAPI
import Logging
import ServiceLifecycle
import UnixSignals

/// The running gateway, from the first file it opens to the last connection it closes.
package struct GatewayProcess: Sendable {
    private let settings: Settings

    /// A process with these settings.
    package init(_ settings: Settings) {
        self.settings = settings
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Throws: `GatewayError` when a part can't be started.
    package func run() async throws {
        // Without time limits of its own: those of a service group end in a trap. How long a stop may take is the
        // service's own affair (`StopGuard`).
        let configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: GatewayService(settings), successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "lifecycle"))
        try await ServiceGroup(configuration: configuration).run()
    }
}
