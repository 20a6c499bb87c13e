import Foundation

/// The commands of the gateway's program, run to their end.
enum GatewayCommand {
    /// What a command printed, and how it ended.
    struct Output {
        let status: Int32
        let out: String
        let error: String

        /// The lines on stdout.
        var lines: [String] { out.split(separator: "\n").map(String.init) }
    }

    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Output {
        let process = try ChildProcess(Programs.gateway(), arguments, environment: environment)
        guard process.waitForExit(), process.stdout.waitForEnd(), process.stderr.waitForEnd() else {
            throw Trouble("\(arguments) does not end: \(process.stderr.tail())")
        }
        return Output(
            status: process.exitStatus, out: process.stdout.tail(500), error: process.stderr.tail(500))
    }
}
