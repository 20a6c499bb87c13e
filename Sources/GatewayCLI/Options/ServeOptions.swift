import ArgumentParser
import DataPlaneAPI
import Gateway

/// The flags of `serve` and `check`, by subject; each is also a key of the configuration file.
///
/// Times take a number in the unit that their help names, or a number with a unit: `90s`, `5m`, `1h30m`, `250ms`.
struct ServeOptions: ParsableArguments {
    @OptionGroup(title: "Configuration") var file: ConfigOptions
    @OptionGroup(title: "Listeners") var listeners: ListenerOptions
    @OptionGroup(title: "Admin listener") var admin: AdminOptions
    @OptionGroup(title: "Who may sign in") var access: AccessOptions
    @OptionGroup(title: "Folders of the gateway") var folders: FolderOptions
    @OptionGroup(title: "What it reads") var sources: SourceOptions
    @OptionGroup(title: "Upstream") var upstream: UpstreamAddress
    @OptionGroup(title: "Requests to the upstream and to other servers") var outgoing: UpstreamOptions
    @OptionGroup(title: "Plugins") var plugins: PluginOptions
    @OptionGroup(title: "Streams") var streams: StreamOptions
    @OptionGroup(title: "Logs") var logs: LogOptions

    private var flags: [any SettingFlags] {
        [listeners, admin, access, folders, sources, upstream, outgoing, plugins, streams, logs]
    }

    /// Settings from the file and the flags.
    func settings() throws -> Settings { try SettingSources.settings(file, flags) }

    /// Settings and every fault in them.
    func load() -> (Settings, [GatewayError]) { SettingSources.load(file, flags) }
}

/// Where a running gateway is found.
struct RunningGateway: ParsableArguments {
    @OptionGroup(title: "Configuration") var file: ConfigOptions
    @OptionGroup(title: "The running gateway") var admin: AdminOptions
    @OptionGroup(title: "Folders of the gateway") var folders: FolderOptions

    /// Its settings, as far as they are needed to ask it.
    func settings() throws -> Settings { try SettingSources.settings(file, [admin, folders]) }
}
