import ArgumentParser
import DataPlaneAPI
import Gateway

/// The command `dataplane-gateway`.
@main
struct DataplaneGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataplane-gateway",
        abstract: "The first hop in front of Grafana: plugin routes over gRPC, everything else to the upstream.",
        version: GatewayVersion.text,
        subcommands: [
            Serve.self, Check.self, Explain.self, Backup.self, Restore.self, RotateToken.self, Version.self,
        ])
}

/// Prints the version.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() {
        print(GatewayVersion.text)
    }
}

/// Ends the command with a message on stderr.
func stop(_ error: GatewayError) -> ValidationFailure { ValidationFailure(description: error.message) }

/// A message that ArgumentParser prints as it is.
struct ValidationFailure: Error, CustomStringConvertible {
    let description: String
}
