import APIServer
import Bytes
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
    ///   - literalVersion0: whether a `$` in files without `apiVersion` is only a dollar sign.
    ///   - read: turns a document into entries; appends faults.
    init(
        _ paths: [String], previous: ProvisioningFiles?, interpolator: Interpolator, snakeCase: Bool = false,
        literalVersion0: Bool = false,
        read: (inout ProvisioningEntry, inout [GatewayError]) throws(GatewayError) -> [Entry]
    ) {
        let rules = Rules(interpolator: interpolator, snakeCase: snakeCase, literalVersion0: literalVersion0)
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
                    let entries = try Self.entries(path, rules, &fileFaults, read)
                    files.append(File(root: root, path: path, entries: entries))
                    faults += fileFaults
                } catch {
                    faults.append(error)
                    files += previous?.files.filter { $0.path == path } ?? []
                }
            }
        }
    }

    /// How the files of a folder are read.
    private struct Rules {
        let interpolator: Interpolator
        let snakeCase: Bool
        let literalVersion0: Bool
    }

    private static func entries(
        _ path: String, _ rules: Rules, _ faults: inout [GatewayError],
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
            let version = try version(of: document, path)
            var top = ProvisioningEntry(
                document.json, path: "", document: document, file: path,
                interpolator: version == 0 && rules.literalVersion0 ? nil : rules.interpolator,
                snakeCase: rules.snakeCase || version == 0)
            _ = top.integer("apiVersion")
            if version > 1 { top.warn("apiVersion", "is not known and read as 1") }
            guard top.isUsable else { throw top.faults.first ?? GatewayError(.badRequest, "\(path): not usable") }
            let read = try read(&top, &faults)
            top.reportUnknown()
            faults += top.faults
            entries += read
        }
        return entries
    }

    /// The version of a file's form, 0 without one; everything above 1 is read as 1, as in Grafana.
    private static func version(of document: YAMLDocument, _ path: String) throws(GatewayError) -> Int {
        guard let written = document.json["apiVersion"], !written.isNull else { return 0 }
        guard let number = written.asInt ?? written.asString.flatMap(GoInteger.value) else {
            throw GatewayError(
                .badRequest, "\(path): line \(document.line(of: "apiVersion")): apiVersion: must be 1")
        }
        return max(0, number)
    }
}
