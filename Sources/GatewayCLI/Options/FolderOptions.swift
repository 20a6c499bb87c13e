import ArgumentParser

/// The folders that the gateway writes to.
struct FolderOptions: SettingFlags {
    @Option(help: "Folder of the database and the kubeconfig (default ./data); one process at a time.")
    var dataDir: String?
    @Option(help: "Folder for plugin sockets; short and private (default: run below the data folder).")
    var runtimeDir: String?
}
