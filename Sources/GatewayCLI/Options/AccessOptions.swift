import ArgumentParser

/// Who may sign in.
struct AccessOptions: SettingFlags {
    @Option(help: "PEM certificates of the authorities that sign users' certificates.")
    var clientCaFile: String?
    @Option(help: "Static bearer tokens: CSV of token,user,uid[,\"group1,group2\"].")
    var tokenAuthFile: String?
    @Option(help: "PEM certificates of the authorities of front proxies, which state users in headers.")
    var requestheaderClientCaFile: String?
    @Option(parsing: .singleValue, help: "Common names that front proxies may have (default: any).")
    var requestheaderAllowedNames: [String] = []
    @Option(parsing: .singleValue, help: "Headers with the user's name (default X-Remote-User).")
    var requestheaderUsernameHeaders: [String] = []
    @Option(parsing: .singleValue, help: "Headers with the user's uid (default X-Remote-Uid).")
    var requestheaderUidHeaders: [String] = []
    @Option(parsing: .singleValue, help: "Headers with groups (default X-Remote-Group).")
    var requestheaderGroupHeaders: [String] = []
    @Option(parsing: .singleValue, help: "What the names of further user facts begin with (default X-Remote-Extra-).")
    var requestheaderExtraHeadersPrefix: [String] = []
    @Option(help: "true (default) or false: whether requests without a credential are system:anonymous or refused.")
    var anonymousAuth: String?
}
