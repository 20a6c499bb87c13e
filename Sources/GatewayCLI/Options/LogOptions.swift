import ArgumentParser

/// What is logged.
struct LogOptions: SettingFlags {
    @Option(help: "trace, debug, info (default), warn or error.")
    var logLevel: String?
    @Option(help: "text (default) or json.")
    var logFormat: String?
}
