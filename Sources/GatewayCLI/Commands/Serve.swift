import ArgumentParser
import DataPlaneAPI
import Gateway

/// Runs the gateway.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the gateway.")

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let settings = try options.settings()
        LineLogHandler.install(level: settings.logLevel, format: settings.logFormat)
        do {
            try await GatewayProcess(settings).run()
        } catch let error as GatewayError {
            throw stop(error)
        }
    }
}
