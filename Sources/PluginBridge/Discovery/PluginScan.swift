import DataPlaneAPI
import SystemKit

/// Finds the plugins in folders, the way Grafana does.
package struct PluginScan: Sendable {
    /// The plugins by id; of several with one id the first found counts.
    package private(set) var plugins: [String: PluginManifest] = [:]
    /// What was wrong: unreadable folders, bad plugin.json files, duplicate ids.
    package private(set) var faults: [GatewayError] = []

    /// How many plugin.json files were read: those that have changed since the scan before.
    package private(set) var readCount = 0
    private var visited: Set<Visited> = []
    /// What every plugin.json held, and what it looked like before it was read.
    private var files: Files = [:]

    private struct Visited: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// So many folders deep plugin.json files are looked for.
    private static let deepest = 8

    /// Scans folders in order.
    ///
    /// - Parameter previous: the scan before; a plugin.json that looks as it did then isn't read again.
    package init(_ folders: [String], after previous: PluginScan? = nil) {
        let known = previous?.files ?? [:]
        for folder in folders {
            guard FileFacts(folder)?.isFolder == true else {
                faults.append(GatewayError(.badRequest, "plugins-dir: \(folder) is not a folder"))
                continue
            }
            walk(Folder.absolute(folder), depth: 0, known)
        }
    }

    private typealias Files = [String: File]

    private struct File: Sendable {
        let facts: FileFacts
        let readMS: Int
        let result: Result<PluginManifest, GatewayError>
    }

    private mutating func walk(_ folder: String, depth: Int, _ known: Files) {
        guard depth <= Self.deepest, let facts = FileFacts(folder), facts.isFolder,
            visited.insert(Visited(device: facts.device, inode: facts.inode)).inserted
        else { return }
        let names: [String]
        do { names = try Folder.names(folder) } catch { return faults.append(error) }
        // A built plugin lies in dist beside its sources; only the built one counts.
        if names.contains("dist"), FileFacts("\(folder)/dist")?.isFolder == true {
            return walk("\(folder)/dist", depth: depth + 1, known)
        }
        if names.contains("plugin.json") { add("\(folder)/plugin.json", known) }
        for name in names where name != "node_modules" && !name.hasPrefix(".") {
            walk("\(folder)/\(name)", depth: depth + 1, known)
        }
    }

    private mutating func add(_ path: String, _ known: Files) {
        do throws(GatewayError) {
            let manifest = try read(path, known)
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

    /// What a plugin.json holds; read only if it looks different from before.
    private mutating func read(_ path: String, _ known: Files) throws(GatewayError) -> PluginManifest {
        let facts = FileFacts(path)
        if let facts, let before = known[path], before.facts == facts, facts.isSettled(atMS: before.readMS) {
            files[path] = before
            return try before.result.get().looked(at: facts)
        }
        readCount += 1
        let readMS = WallClock.milliseconds()
        let result: Result<PluginManifest, GatewayError>
        do throws(GatewayError) { result = .success(try PluginManifest(path: path)) } catch { result = .failure(error) }
        if let facts { files[path] = File(facts: facts, readMS: readMS, result: result) }
        return try result.get()
    }
}
