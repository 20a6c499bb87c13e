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
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: GatewayService(settings), successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "lifecycle"))
        // A stop must end, also one that comes while the start still reads files.
        configuration.maximumGracefulShutdownDuration = .seconds(settings.shutdownTimeout + 15)
        configuration.maximumCancellationDuration = .seconds(5)
        try await ServiceGroup(configuration: configuration).run()
    }
}
