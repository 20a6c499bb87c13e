import DataPlaneAPI
import SystemKit

/// Finds the plugins in folders, the way Grafana does.
package struct PluginScan: Sendable {
    /// The plugins by id; of several with one id the first found counts.
    package private(set) var plugins: [String: PluginManifest] = [:]
    /// What was wrong: unreadable folders, bad plugin.json files, duplicate ids.
    package private(set) var faults: [GatewayError] = []

    private var visited: Set<Visited> = []

    private struct Visited: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// So many folders deep plugin.json files are looked for.
    private static let deepest = 8

    /// Scans folders in order.
    package init(_ folders: [String]) {
        for folder in folders {
            guard FileFacts(folder)?.isFolder == true else {
                faults.append(GatewayError(.badRequest, "plugins-dir: \(folder) is not a folder"))
                continue
            }
            walk(Folder.absolute(folder), depth: 0)
        }
    }

    private mutating func walk(_ folder: String, depth: Int) {
        guard depth <= Self.deepest, let facts = FileFacts(folder), facts.isFolder,
            visited.insert(Visited(device: facts.device, inode: facts.inode)).inserted
        else { return }
        let names: [String]
        do { names = try Folder.names(folder) } catch { return faults.append(error) }
        // A built plugin lies in dist beside its sources; only the built one counts.
        if names.contains("dist"), FileFacts("\(folder)/dist")?.isFolder == true {
            return walk("\(folder)/dist", depth: depth + 1)
        }
        if names.contains("plugin.json") { add("\(folder)/plugin.json") }
        for name in names where name != "node_modules" && !name.hasPrefix(".") {
            walk("\(folder)/\(name)", depth: depth + 1)
        }
    }

    private mutating func add(_ path: String) {
        do throws(GatewayError) {
            let manifest = try PluginManifest(path: path)
            if let first = plugins[manifest.id] {
                faults.append(
                    GatewayError(
                        .badRequest,
                        "\(path): the plugin id \(manifest.id) is already taken by \(first.folder), which is used"))
            } else {
                plugins[manifest.id] = manifest
            }
        } catch {
            faults.append(error)
        }
    }
}
