import DataPlaneAPI
import PluginProtocol
import SystemKit

/// The data sources of Grafana's provisioning files.
package struct DataSourceFiles: Sendable {
    /// The usable data sources, in the order of files and entries.
    package private(set) var sources: [DataSource] = []
    /// What is wrong, each with file, line and field; never with a secret.
    package private(set) var faults: [GatewayError]
    /// Files that values refer to, as they were when they were read; nil for one that wasn't there.
    package let referencedFiles: [String: FileFacts?]
    private let files: ProvisioningFiles<DataSourceCandidate>
    private var times: UpdateTimes

    /// Reads files and the YAML files directly in folders, sorted by name.
    ///
    /// A faulty entry is left out, the rest is used. A file that can't be read or parsed keeps the entries it had.
    ///
    /// - Parameters:
    ///   - environment: for `$VAR` in values.
    ///   - previous: what was loaded before; unchanged data sources stay the same objects.
    ///   - start: when the process started, milliseconds since 1970: the time of change of what is there from the first.
    package static func load(
        _ paths: [String], environment: [String: String], previous: DataSourceFiles? = nil, start: Int64? = nil
    ) -> DataSourceFiles {
        DataSourceFiles(paths, environment, previous, start)
    }

    private init(
        _ paths: [String], _ environment: [String: String], _ previous: DataSourceFiles?, _ start: Int64?
    ) {
        times = previous?.times.next ?? UpdateTimes(start: start)
        let interpolator = Interpolator(environment: environment)
        files = ProvisioningFiles(
            paths, previous: previous?.files, interpolator: interpolator, literalVersion0: true
        ) { document, faults in
            Self.candidates(&document, &faults)
        }
        faults = files.faults
        referencedFiles = interpolator.files
        resolve(files.files.flatMap(\.entries), previous?.sources ?? [])
    }

    private static func candidates(
        _ document: inout ProvisioningEntry, _ faults: inout [GatewayError]
    ) -> [DataSourceCandidate] {
        _ = document.bool("prune")
        for var deleted in document.entries("deleteDatasources") {
            _ = deleted.requiredText("name")
            _ = deleted.organisation()
            deleted.reportUnknown()
            faults += deleted.faults
        }
        var candidates: [DataSourceCandidate] = []
        for var entry in document.entries("datasources") {
            let place = entry.place
            if let candidate = DataSourceCandidate(&entry, place: place) { candidates.append(candidate) }
            faults += entry.faults
        }
        return candidates
    }

    /// Drops what is there twice, numbers the rest, and takes over unchanged objects.
    private mutating func resolve(_ candidates: [DataSourceCandidate], _ previous: [DataSource]) {
        var seen: [Key: String] = [:]
        var kept: [DataSourceCandidate] = []
        for var candidate in candidates {
            let name = Key(orgID: candidate.orgID, field: "name", value: candidate.settings.name)
            let uid = Key(orgID: candidate.orgID, field: "uid", value: candidate.settings.uid)
            if let (key, first) = [name, uid].lazy.compactMap({ key in seen[key].map { (key, $0) } }).first {
                report(
                    candidate, key.field,
                    "organisation \(key.orgID) has a data source of this \(key.field) already, at \(first)")
                continue
            }
            seen[name] = candidate.place
            seen[uid] = candidate.place
            if candidate.isDefault {
                let standard = Key(orgID: candidate.orgID, field: "isDefault", value: "")
                if let first = seen[standard] {
                    report(
                        candidate, "isDefault",
                        "organisation \(candidate.orgID) has a default data source already, at \(first); this one isn't default"
                    )
                    candidate.isDefault = false
                } else {
                    seen[standard] = candidate.place
                }
            }
            kept.append(candidate)
        }
        let ids = Self.ids(kept)
        let known = Dictionary(previous.map { (Self.identity($0), $0) }) { first, _ in first }
        let byName = Dictionary(previous.map { ($0.name, $0) }) { first, _ in first }
        for candidate in kept {
            let name = "\(candidate.orgID)/\(candidate.settings.uid)"
            let source = candidate.dataSource(id: ids[Self.key(candidate)] ?? 0) { revision in
                // Another place alone is no change for a plugin.
                if let old = byName[name], old.revision == revision { return old.settings.updatedMS }
                return times.time(of: name, content: revision)
            }
            sources.append(known[Self.identity(source)] ?? source)
        }
    }

    /// Numbers for data sources, given out in the order of their names: the same for the same set of files.
    private static func ids(_ candidates: [DataSourceCandidate]) -> [Key: Int64] {
        var ids: [Key: Int64] = [:]
        var taken: Set<Int64> = []
        let keys = candidates.map(key).sorted { ($0.orgID, $0.value) < ($1.orgID, $1.value) }
        for key in keys {
            let id = ContentHash.id(orgID: key.orgID, uid: key.value, taken: taken)
            taken.insert(id)
            ids[key] = id
        }
        return ids
    }

    private static func key(_ candidate: DataSourceCandidate) -> Key {
        Key(orgID: candidate.orgID, field: "uid", value: candidate.settings.uid)
    }

    /// Content and number, which make what a plugin receives, and what operators are told of it.
    private static func identity(_ source: DataSource) -> Identity {
        Identity(
            revision: source.revision, id: source.settings.id, uidGenerated: source.uidGenerated, file: source.file)
    }

    private mutating func report(_ candidate: DataSourceCandidate, _ field: String, _ why: String) {
        faults.append(GatewayError(.badRequest, "\(candidate.place).\(field): \(why)"))
    }

    private struct Key: Hashable {
        let orgID: Int
        let field: String
        let value: String
    }

    private struct Identity: Hashable {
        let revision: [UInt8]
        let id: Int64
        let uidGenerated: Bool
        let file: String
    }
}

extension DataSource {
    /// What tells it from others at one moment.
    fileprivate var name: String { "\(orgID)/\(uid)" }
}
