import ArgumentParser
import DataPlaneAPI
import Gateway

/// Flags that are settings: each has the name of its setting, and its value is read where the setting's is.
protocol SettingFlags: ParsableArguments {}

extension SettingFlags {
    /// The settings that were given, by name, with their values.
    var given: [(name: String, values: [String])] {
        // The flags are what is declared, so no second list of them can forget one.
        Mirror(reflecting: self).children.compactMap { child in
            let name = Self.name(child.label ?? "")
            if let one = child.value as? Option<String?> { return one.wrappedValue.map { (name, [$0]) } }
            guard let many = child.value as? Option<[String]>, !many.wrappedValue.isEmpty else { return nil }
            return (name, many.wrappedValue)
        }
    }

    /// `_clientCaFile` is `client-ca-file`, as ArgumentParser names the flag.
    private static func name(_ label: String) -> String {
        label.drop { $0 == "_" }.reduce(into: "") { name, letter in
            name += letter.isUppercase ? "-\(letter.lowercased())" : String(letter)
        }
    }
}

/// Settings of a file and of flags; flags win.
enum SettingSources {
    /// Settings and every fault in them.
    static func load(_ file: ConfigOptions, _ flags: [any SettingFlags]) -> (Settings, [GatewayError]) {
        var settings = Settings()
        var faults: [GatewayError] = []
        if let path = file.config { (settings, faults) = ConfigFile.load(path, settings) }
        for (name, values) in flags.flatMap(\.given) {
            do { try settings.set(name, values, origin: "--\(name)") } catch { faults.append(error) }
        }
        return (settings, faults)
    }

    /// The same where the first fault ends the command.
    static func settings(_ file: ConfigOptions, _ flags: [any SettingFlags]) throws -> Settings {
        let (settings, faults) = load(file, flags)
        if let first = faults.first { throw stop(first) }
        return settings
    }
}

/// The configuration file.
struct ConfigOptions: ParsableArguments {
    @Option(help: "YAML file with any of these settings; flags win. Values may hold ${VARIABLE} of the environment.")
    var config: String?
}
