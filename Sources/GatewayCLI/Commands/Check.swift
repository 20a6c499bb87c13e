import ArgumentParser
import DataPlaneAPI
import Gateway

/// Reads the configuration and all YAML and prints every fault.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Read configuration and YAML, print every fault with file, line and field; exit code 1 if there is one.")

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let (settings, faults) = options.load()
        let check = await ConfigurationCheck(settings)
        for warning in check.warnings { print("warning: \(warning)") }
        // A file that two settings name says its faults once.
        var said: Set<String> = []
        for fault in faults + check.faults where said.insert(fault.message).inserted { print(fault.message) }
        if !said.isEmpty { throw ExitCode(1) }
        print(check.warnings.isEmpty ? "everything is in order" : "everything is in order but for the warnings")
    }
}
