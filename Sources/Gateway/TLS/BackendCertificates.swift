import DataPlane
import DataPlaneAPI
import HTTPKit
import Origins
import SystemKit

/// The client certificates that backends are shown, by the names that objects use; read anew when files change.
struct BackendCertificates: Sendable {
    /// A name and its files: the setting `backend-client-certificate`.
    struct Files: Sendable, Hashable {
        var name: String
        var certFile: String
        var keyFile: String

        /// Reads `NAME=CERTIFICATE,KEY`; nil for anything else.
        init?(_ text: String) {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, DataPlaneService.isCertificateName(parts[0]) else { return nil }
            let files = parts[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard files.count == 2, !files[0].isEmpty, !files[1].isEmpty else { return nil }
            (name, certFile, keyFile) = (parts[0], files[0], files[1])
        }
    }

    /// What the event loops use.
    let table: ClientCertificates
    /// Follows the files.
    let follower: FileFollower
    private let files: [Files]

    /// Reads the files.
    ///
    /// - Throws: `GatewayError` that names the file.
    init(_ files: [Files]) throws(GatewayError) {
        self.files = files
        follower = FileFollower(files.flatMap { [$0.certFile, $0.keyFile] })
        table = ClientCertificates(try Self.read(files))
    }

    /// Reads the files again; what is there stays when one of them can't be used.
    func reload() throws(GatewayError) { table.replace(try Self.read(files)) }

    /// Warnings about the dates of the certificates.
    var warnings: [String] {
        files.flatMap { entry in
            CertificateDates.warnings(
                (try? FileText.read(entry.certFile)) ?? "",
                place: "backend-client-certificate \(entry.name): \(entry.certFile)")
        }
    }

    private static func read(_ files: [Files]) throws(GatewayError) -> [String: ClientCertificates.Pair] {
        var pairs: [String: ClientCertificates.Pair] = [:]
        for entry in files {
            let pair = ClientCertificates.Pair(
                chain: Array(try FileText.read(entry.certFile).utf8), key: Array(try FileText.read(entry.keyFile).utf8))
            do throws(GatewayError) { try TLSClientSettings.check(chain: pair.chain, key: pair.key) } catch {
                throw GatewayError(
                    .badRequest,
                    "backend-client-certificate \(entry.name) (\(entry.certFile), \(entry.keyFile)): \(error.message)",
                    cause: error.cause)
            }
            pairs[entry.name] = pair
        }
        return pairs
    }

    /// What is wrong with the files that the settings name.
    static func faults(_ settings: Settings) -> [GatewayError] {
        do throws(GatewayError) {
            _ = try read(settings.backendClientCertificates)
            return []
        } catch {
            return [error]
        }
    }
}
