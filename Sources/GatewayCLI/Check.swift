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
        let all = faults + (await ConfigurationCheck.run(settings))
        for fault in all { print(fault.message) }
        if !all.isEmpty { throw ExitCode(1) }
        print("everything is in order")
    }
}
