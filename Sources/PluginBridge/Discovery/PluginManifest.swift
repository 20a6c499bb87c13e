import Bytes
import DataPlaneAPI
import SystemKit

/// A plugin on disk: what its plugin.json says and where its executable is.
package struct PluginManifest: Sendable, Hashable {
    /// The id that DataPlaneServices and data sources refer to.
    package let id: String
    /// `app`, `datasource`, `panel` or `renderer`.
    package let type: String
    /// The display name.
    package let name: String
    /// `info.version`.
    package let version: String
    /// Other ids that data sources may use for it.
    package let aliasIDs: [String]
    /// The folder of plugin.json.
    package let folder: String
    /// The executable, or nil for a plugin without backend.
    package let executable: String?
    /// `routes`: what the data source proxy does with paths.
    package let routes: [JSONValue]
    /// What plugin.json and the executable looked like, to notice a change.
    package private(set) var fingerprint: [FileFacts]

    /// Reads a plugin.json.
    ///
    /// - Parameter path: of the file.
    /// - Throws: `GatewayError` naming the file and the field.
    package init(path: String) throws(GatewayError) {
        func fault(_ why: String) -> GatewayError { GatewayError(.badRequest, "\(path): \(why)") }
        // Before it is read: a change while reading is seen as one later.
        let facts = FileFacts(path)
        let text = try FileText.read(path)
        let json: JSONValue
        do {
            json = try JSONValue.parse(Array(text.utf8), JSONOptions(duplicates: .lastWins))
        } catch { throw fault("not valid JSON: \(error)") }
        guard let id = json["id"]?.asString, !id.isEmpty else { throw fault("the field id is missing") }
        guard let type = json["type"]?.asString, !type.isEmpty else { throw fault("the field type is missing") }
        guard !id.contains("/"), !id.contains("\0"), id != ".", id != ".." else {
            throw fault("the id \"\(id)\" is not usable")
        }
        self.id = id
        self.type = type
        name = json["name"]?.asString ?? id
        version = json["info"]?["version"]?.asString ?? ""
        aliasIDs = json["aliasIDs"]?.asArray?.compactMap(\.asString) ?? []
        routes = json["routes"]?.asArray ?? []
        folder = String(path.dropLast("/plugin.json".count))
        if json["backend"]?.asBool == true {
            guard let base = json["executable"]?.asString, !base.isEmpty else {
                throw fault("the plugin has a backend, but the field executable is missing")
            }
            let executable = "\(folder)/\(base)_\(Self.platform)"
            self.executable = executable
        } else {
            executable = nil
        }
        fingerprint = [facts, executable.flatMap(FileFacts.init)].compactMap { $0 }
    }

    /// The same plugin.json with the executable as it is now.
    func looked(at facts: FileFacts) -> PluginManifest {
        var manifest = self
        manifest.fingerprint = [facts, executable.flatMap(FileFacts.init)].compactMap { $0 }
        return manifest
    }

    /// Whether its files look as they did when it was read.
    var isCurrent: Bool {
        fingerprint == ["\(folder)/plugin.json", executable].compactMap { $0.flatMap(FileFacts.init) }
    }

    /// Operating system and architecture as Go names them, the end of an executable's name.
    package static let platform: String = {
        #if arch(x86_64)
        "linux_amd64"
        #elseif arch(arm64)
        "linux_arm64"
        #elseif arch(arm)
        "linux_arm"
        #else
        "linux_386"
        #endif
    }()
}
