import ArgumentParser
import DataPlaneAPI
import Gateway

/// Replaces the kubeconfig's token.
struct RotateToken: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replace the kubeconfig's token; a running gateway takes the new one within two seconds.")

    @Option(help: "The gateway's data folder.")
    var dataDir = "./data"

    func run() throws {
        do throws(GatewayError) {
            let count = try AdminToken.rotate(data: dataDir)
            print(
                count > 0
                    ? "the token was replaced, also in \(count) kubeconfigs of \(dataDir); copies of them need the new one"
                    : "the token was replaced; no kubeconfig of \(dataDir) held the old one, the next start writes them anew"
            )
        } catch {
            throw stop(error)
        }
    }
}
