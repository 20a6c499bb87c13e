import ArgumentParser
import DataPlaneAPI
import Gateway

/// Writes a copy of the store of a running gateway.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a consistent copy of a running gateway's objects to a new file.")

    @Argument(help: "The file; it must not exist yet.") var file: String
    @OptionGroup var running: RunningGateway

    func run() async throws {
        do {
            let size = try await StoreCopies.backup(to: file, try running.settings())
            print("\(file): \(size) bytes; `dataplane-gateway restore` puts it back")
        } catch let error as GatewayError {
            throw stop(error)
        }
    }
}

/// Puts a copy in the place of the store.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a backup in the place of the objects of a gateway that doesn't run.",
        discussion: "Objects of the manifests folder are brought in step with the folder at the next start.")

    @Argument(help: "A file that the command backup wrote.") var file: String
    @Option(help: "The gateway's data folder; ./data where that is one.") var dataDir: String?

    func run() async throws {
        do throws(GatewayError) {
            // `??` would make any error of a typed one.
            let dataDir = if let dataDir { dataDir } else { try StoreCopies.dataFolderHere() }
            let before = try await StoreCopies.restore(file, dataDir: dataDir)
            print("\(dataDir) has the objects of \(file)\(before.map { "; what was there before is \($0)" } ?? "")")
        } catch {
            throw stop(error)
        }
    }
}
