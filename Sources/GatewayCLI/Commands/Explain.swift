import ArgumentParser
import DataPlaneAPI
import Gateway

/// Says who would answer a request.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which handler, object, service and plugin would answer, or which delegate.")

    @Argument(help: "The method, like POST.") var method: String
    @Argument(help: "The path, like /apis/…/query.") var path: String
    @Flag(help: "Read the files instead of asking the running gateway.") var offline = false
    @OptionGroup(title: "Configuration") var file: ConfigOptions
    @OptionGroup(title: "The running gateway") var admin: AdminOptions
    @OptionGroup(title: "Folders of the gateway") var folders: FolderOptions
    @OptionGroup(title: "What --offline reads") var sources: SourceOptions
    @OptionGroup(title: "Upstream") var upstream: UpstreamAddress

    func run() async throws {
        let settings = try SettingSources.settings(file, [admin, folders, sources, upstream])
        do {
            let text =
                offline
                ? try await Explanation.offline(method: method, path: path, settings)
                : try await Explanation.running(method: method, path: path, settings)
            print(text)
        } catch let error as GatewayError {
            throw stop(error)
        }
    }
}
