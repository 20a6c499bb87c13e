import Bytes
import DataPlaneAPI

/// Server-side apply: merges a manager's configuration into the stored object and keeps count of owners.
struct ServerSideApply {
    let paths: FieldPaths
    let writer: ManagedFields.Writer
    let force: Bool
    let now: String

    /// Merges.
    ///
    /// - Parameters:
    ///   - configuration: what the manager wants, without fields of the endpoint it may not set.
    ///   - live: the stored object; nil if there is none.
    /// - Returns: the merged object with its managed fields.
    /// - Throws: 409 with a cause for every field that another manager has set to another value.
    func apply(_ configuration: JSONValue, to live: JSONValue?) throws(GatewayError) -> JSONValue {
        let wanted = paths.leaves(configuration)
        let present = live.map { paths.leaves($0) } ?? [:]
        var managed = owners(live, present)
        let mine = ManagedFields.Entry(
            manager: writer.manager, operation: "Apply", apiVersion: writer.apiVersion, subresource: writer.subresource,
            time: now, fields: Set(wanted.keys))
        let before = managed.entries.first { $0.isSameManager(as: mine) }

        let changing = Set(wanted.keys.filter { !(present[$0]?.isEquivalent(to: wanted[$0] ?? .null) ?? false) })
        try checkConflicts(changing, &managed, mine)

        var merged = paths.merge(configuration, into: live ?? .emptyObject)
        let dropped = before?.fields.subtracting(mine.fields) ?? []
        for path in givenUp(dropped, managed, mine, merged) { paths.remove(path, from: &merged) }

        if let index = managed.entries.firstIndex(where: { $0.isSameManager(as: mine) }) {
            var entry = mine
            if managed.entries[index].fields == mine.fields { entry.time = managed.entries[index].time }
            managed.entries[index] = entry
        } else {
            managed.entries.append(mine)
        }
        managed.tidy()
        merged["metadata"]?["managedFields"] = managed.json
        return merged
    }

    /// The fields that the manager no longer wants and nobody else has; an entry of a list before what is in it.
    private func givenUp(
        _ dropped: Set<FieldPath>, _ managed: ManagedFields, _ mine: ManagedFields.Entry, _ merged: JSONValue
    ) -> [FieldPath] {
        guard !dropped.isEmpty else { return [] }
        // Everything that is owned, and everything it lies in.
        var kept: Set<FieldPath> = []
        for fields in managed.entries.filter({ !$0.isSameManager(as: mine) }).map(\.fields) + [mine.fields] {
            for path in fields {
                var path = path
                while !path.isEmpty, kept.insert(path).inserted { path.removeLast() }
            }
        }
        // What was an empty object once may hold fields now: then it isn't a leaf any more, and stays.
        let leaves = paths.leaves(merged)
        var gone: Set<FieldPath> = []
        var result: [FieldPath] = []
        for path in dropped.sorted(by: { $0.count < $1.count }) where leaves[path] != nil && !kept.contains(path) {
            // What lies in an entry goes with it.
            guard !(1..<max(1, path.count)).contains(where: { gone.contains(Array(path.prefix($0))) }) else { continue }
            if path.last?.hasPrefix("k:") ?? false { gone.insert(path) }
            result.append(path)
        }
        return result
    }

    private func owners(_ live: JSONValue?, _ present: [FieldPath: JSONValue]) -> ManagedFields {
        if let managed = ManagedFields(live?["metadata"]?["managedFields"]) { return managed }
        var managed = ManagedFields()
        guard live != nil, !present.isEmpty else { return managed }
        managed.entries.append(
            ManagedFields.Entry(
                manager: "before-first-apply", operation: "Update", apiVersion: writer.apiVersion, subresource: "",
                time: now, fields: Set(present.keys)))
        return managed
    }

    private func checkConflicts(
        _ changing: Set<FieldPath>, _ managed: inout ManagedFields, _ mine: ManagedFields.Entry
    ) throws(GatewayError) {
        var conflicts: [(manager: String, path: String)] = []
        for index in managed.entries.indices where !managed.entries[index].isSameManager(as: mine) {
            let entry = managed.entries[index]
            let shared = entry.fields.intersection(changing)
            guard !shared.isEmpty else { continue }
            if force {
                managed.entries[index].fields.subtract(shared)
                continue
            }
            var who = "\"\(entry.manager)\" "
            if !entry.subresource.isEmpty { who += "with subresource \"\(entry.subresource)\" " }
            who += "using \(entry.apiVersion)"
            if entry.operation == "Update", !entry.time.isEmpty { who += " at \(entry.time)" }
            for path in shared.map(FieldPaths.text).sorted() { conflicts.append((who, path)) }
        }
        guard !conflicts.isEmpty else { return }
        throw GatewayError(
            .conflict, Self.message(conflicts),
            causes: conflicts.map { conflict in
                StatusCause(
                    field: conflict.path, reason: "FieldManagerConflict", message: "conflict with \(conflict.manager)")
            })
    }

    private static func message(_ conflicts: [(manager: String, path: String)]) -> String {
        if conflicts.count == 1, let only = conflicts.first {
            return "Apply failed with 1 conflict: conflict with \(only.manager): \(only.path)"
        }
        var managers: [String] = []
        for conflict in conflicts where !managers.contains(conflict.manager) { managers.append(conflict.manager) }
        let parts = managers.map { manager in
            let fields = conflicts.filter { $0.manager == manager }.map { "- \($0.path)" }
            return "conflicts with \(manager):\n\(fields.joined(separator: "\n"))"
        }
        return "Apply failed with \(conflicts.count) conflicts: \(parts.joined(separator: "\n"))"
    }
}
