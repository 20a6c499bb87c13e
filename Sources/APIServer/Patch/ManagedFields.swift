import Bytes

/// Who set which fields of an object: `metadata.managedFields`.
struct ManagedFields: Sendable {
    /// One manager's fields.
    struct Entry: Sendable, Equatable {
        var manager: String
        var operation: String
        var apiVersion: String
        var subresource: String
        var time: String
        var fields: Set<FieldPath>

        func isSameManager(as other: Entry) -> Bool {
            manager == other.manager && operation == other.operation && apiVersion == other.apiVersion
                && subresource == other.subresource
        }
    }

    /// Who writes.
    struct Writer: Sendable {
        var manager: String
        var apiVersion: String
        var subresource = ""
    }

    private static let updateLimit = 10

    var entries: [Entry]

    /// Reads the entries; nil if there are none or one can't be read.
    init?(_ json: JSONValue?) {
        guard let list = json?.asArray, !list.isEmpty else { return nil }
        entries = []
        for entry in list {
            guard let manager = entry["manager"]?.asString, let operation = entry["operation"]?.asString,
                operation == "Apply" || operation == "Update", entry["fieldsType"]?.asString == "FieldsV1",
                let fields = entry["fieldsV1"], fields.asObject != nil
            else { return nil }
            entries.append(
                Entry(
                    manager: manager, operation: operation, apiVersion: entry["apiVersion"]?.asString ?? "",
                    subresource: entry["subresource"]?.asString ?? "", time: entry["time"]?.asString ?? "",
                    fields: FieldPaths.read(fields)))
        }
    }

    /// No entries.
    init() { entries = [] }

    /// The entries as JSON.
    var json: JSONValue {
        .array(
            entries.map { entry in
                var json: JSONValue = [
                    "manager": .string(entry.manager), "operation": .string(entry.operation),
                    "apiVersion": .string(entry.apiVersion), "time": .string(entry.time), "fieldsType": "FieldsV1",
                    "fieldsV1": FieldPaths.write(entry.fields),
                ]
                if !entry.subresource.isEmpty { json["subresource"] = .string(entry.subresource) }
                return json
            })
    }

    /// Whether a client asks to forget all owners: `[]` or `[{}]`.
    static func isReset(_ json: JSONValue?) -> Bool {
        guard let list = json?.asArray else { return false }
        return list.isEmpty || list == [.emptyObject]
    }

    /// Gives the fields that a write changed to its manager.
    mutating func recordUpdate(
        by writer: Writer, from old: [FieldPath: JSONValue], to new: [FieldPath: JSONValue], now: String
    ) {
        var changed: Set<FieldPath> = []
        for (path, value) in new where !(old[path]?.isEquivalent(to: value) ?? false) { changed.insert(path) }
        let removed = Set(old.keys.filter { new[$0] == nil })
        guard !changed.isEmpty || !removed.isEmpty else { return }
        let mine = Entry(
            manager: writer.manager, operation: "Update", apiVersion: writer.apiVersion,
            subresource: writer.subresource,
            time: now, fields: changed)
        var hasMine = false
        for index in entries.indices {
            if entries[index].isSameManager(as: mine) {
                hasMine = true
                let fields = entries[index].fields.union(changed).subtracting(removed)
                if fields != entries[index].fields || !changed.isEmpty { entries[index].time = now }
                entries[index].fields = fields
            } else {
                // A field that a write changes belongs to its writer alone.
                entries[index].fields.subtract(changed)
                entries[index].fields.subtract(removed)
            }
        }
        if !hasMine, !changed.isEmpty { entries.append(mine) }
        tidy()
    }

    /// Drops entries without fields, and merges the oldest updates when there are too many.
    mutating func tidy() {
        entries.removeAll { $0.fields.isEmpty }
        let updates = entries.filter { $0.operation == "Update" && $0.subresource.isEmpty }.sorted { $0.time < $1.time }
        guard updates.count > Self.updateLimit else { return }
        let oldest = updates.prefix(updates.count - Self.updateLimit + 1)
        var ancient = oldest[oldest.startIndex]
        ancient.manager = "ancient-changes"
        for entry in oldest {
            ancient.fields.formUnion(entry.fields)
            ancient.time = max(ancient.time, entry.time)
            entries.removeAll { $0 == entry }
        }
        entries.append(ancient)
    }
}
