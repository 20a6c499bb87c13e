import DataPlaneAPI
import Logging
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
import Glibc
#endif

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
        Self.ignoreStraySignals()
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

    /// Signals that other programs take as a wish to read files again, or that come by mistake, end nothing: changed files
    /// are followed without being told.
    private static func ignoreStraySignals() {
        for number in [SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGPIPE] {
            signal(number, SIG_IGN)
        }
    }
}
