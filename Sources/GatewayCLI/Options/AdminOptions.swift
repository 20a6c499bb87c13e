import ArgumentParser

/// The admin listener.
struct AdminOptions: SettingFlags {
    @Option(help: "Address and port of the admin listener (default 127.0.0.1:9903; port 0 takes a free one).")
    var adminAddress: String?
}
