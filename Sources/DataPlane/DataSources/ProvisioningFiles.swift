import APIServer
import DataPlaneAPI
import SystemKit

/// Reads the YAML files of a provisioning folder.
///
/// The files are the whole truth: what is in none of them isn't there. `deleteDatasources` and `prune` are checked and
/// have nothing to do.
struct ProvisioningFiles<Entry: Sendable>: Sendable {
    /// What one file holds.
    struct File: Sendable {
        /// The file or folder it was found by.
        let root: String
        /// Its path.
        let path: String
        /// Its usable entries.
        let entries: [Entry]
    }

    /// The endings of files that are read.
    static var endings: [String] { [".yaml", ".yml"] }

    /// The files in the order they count.
    private(set) var files: [File] = []
    /// What is wrong.
    private(set) var faults: [GatewayError] = []

    /// Reads files and those directly in folders, sorted by name.
    ///
    /// A file or folder that can't be read at all keeps what it held in `previous`.
    ///
    /// - Parameters:
    ///   - snakeCase: whether files of version 1 may write `org_id` for `orgId` too.
    ///   - read: turns a document into entries; appends faults.
    init(
        _ paths: [String], previous: ProvisioningFiles?, interpolator: Interpolator, snakeCase: Bool = false,
        read: (inout ProvisioningEntry, inout [GatewayError]) throws(GatewayError) -> [Entry]
    ) {
        for root in paths {
            let found: [String]
            do { found = try Folder.files(root, endings: Self.endings) } catch {
                faults.append(error)
                files += previous?.files.filter { $0.root == root } ?? []
                continue
            }
            for path in found where !files.contains(where: { $0.path == path }) {
                var fileFaults: [GatewayError] = []
                do throws(GatewayError) {
                    let entries = try Self.entries(path, interpolator, snakeCase, &fileFaults, read)
                    files.append(File(root: root, path: path, entries: entries))
                    faults += fileFaults
                } catch {
                    faults.append(error)
                    files += previous?.files.filter { $0.path == path } ?? []
                }
            }
        }
    }

    private static func entries(
        _ path: String, _ interpolator: Interpolator, _ snakeCase: Bool, _ faults: inout [GatewayError],
        _ read: (inout ProvisioningEntry, inout [GatewayError]) throws(GatewayError) -> [Entry]
    ) throws(GatewayError) -> [Entry] {
        let documents: [YAMLDocument]
        do { documents = try YAMLDocument.parse(try FileText.read(path), file: path) } catch {
            // Further lines of a YAML error may show the file's text, which may hold secrets.
            let line = error.message.split(separator: "\n").first.map(String.init) ?? "\(path): not valid YAML"
            throw GatewayError(.badRequest, line)
        }
        var entries: [Entry] = []
        for document in documents {
            var version = 0
            if let written = document.json["apiVersion"] {
                guard let number = written.asInt ?? written.asString.flatMap(Int.init), (0...1).contains(number) else {
                    throw GatewayError(
                        .badRequest, "\(path): line \(document.line(of: "apiVersion")): apiVersion: must be 1")
                }
                version = number
            }
            var top = ProvisioningEntry(
                document.json, path: "", document: document, file: path, interpolator: interpolator,
                snakeCase: snakeCase || version == 0)
            _ = top.integer("apiVersion")
            guard top.isUsable else { throw top.faults.first ?? GatewayError(.badRequest, "\(path): not usable") }
            let read = try read(&top, &faults)
            top.reportUnknown()
            faults += top.faults
            entries += read
        }
        return entries
    }
}
