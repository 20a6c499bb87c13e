import DataPlaneAPI
import GRDB

/// The statements on the tables; called with the database held.
enum SQLiteRows {
    static func currentVersion(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT current FROM revision WHERE id = 1") ?? 1
    }

    static func compactedVersion(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT compacted FROM revision WHERE id = 1") ?? 0
    }

    static func setCurrent(_ db: Database, _ version: Int) throws {
        try db.cachedStatement(sql: "UPDATE revision SET current = ? WHERE id = 1").execute(arguments: [version])
    }

    /// Forgets changes up to a version.
    static func compact(_ db: Database, before version: Int) throws {
        guard version > 0 else { return }
        try db.cachedStatement(sql: "DELETE FROM history WHERE rv <= ?").execute(arguments: [version])
        try db.cachedStatement(sql: "UPDATE revision SET compacted = MAX(compacted, ?) WHERE id = 1")
            .execute(arguments: [version])
    }

    private static func arguments(_ key: ObjectKey) -> StatementArguments {
        [key.resource.group, key.resource.resource, key.namespace, key.name]
    }

    static func fetch(_ db: Database, _ key: ObjectKey) throws -> Record? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT rv, note, body FROM objects
                WHERE grp = ? AND resource = ? AND namespace = ? AND name = ?
                """)
        return try Row.fetchOne(statement, arguments: arguments(key)).map { row in
            Record(key: key, version: row["rv"], content: content(row["note"], row["body"]))
        }
    }

    private static func content(_ note: String?, _ body: String) -> RecordContent {
        RecordContent(bytes: Array(body.utf8), note: note)
    }

    /// A page of all records, by their keys.
    static func page(_ db: Database, after key: ObjectKey?, limit: Int) throws -> [Record] {
        var sql = "SELECT grp, resource, namespace, name, rv, note, body FROM objects"
        var values: StatementArguments = []
        if let key {
            sql += " WHERE (grp, resource, namespace, name) > (?, ?, ?, ?)"
            values = arguments(key)
        }
        values += [limit]
        let statement = try db.cachedStatement(sql: sql + " ORDER BY grp, resource, namespace, name LIMIT ?")
        return try Row.fetchAll(statement, arguments: values).map { row in
            Record(key: self.key(row), version: row["rv"], content: content(row["note"], row["body"]))
        }
    }

    private static func key(_ row: Row) -> ObjectKey {
        ObjectKey(
            ResourceID(group: row["grp"], resource: row["resource"]), namespace: row["namespace"], name: row["name"])
    }

    /// The kept changes after a version, in order.
    static func history(_ db: Database, after version: Int) throws -> [Change] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT rv, grp, resource, namespace, name, old_rv, old_note, old_body FROM history
                WHERE rv > ? ORDER BY rv DESC
                """)
        // From the newest on, so that what a change led to is known: what the next one found, or what is there now.
        var states: [ObjectKey: Record?] = [:]
        var changes = try Row.fetchAll(statement, arguments: [version]).map { row in
            let key = key(row)
            var old: Record?
            if let body: String = row["old_body"] {
                old = Record(key: key, version: row["old_rv"] ?? 0, content: content(row["old_note"], body))
            }
            let new = if let known = states[key] { known } else { try fetch(db, key) }
            states[key] = .some(old)
            return Change(key: key, version: row["rv"], new: new, old: old)
        }
        changes.reverse()
        return changes
    }

    static func write(_ db: Database, _ change: Change) throws {
        if let new = change.new {
            var values = arguments(change.key)
            values += [new.version, new.content.note, String(decoding: new.content.bytes, as: UTF8.self)]
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO objects (grp, resource, namespace, name, rv, note, body)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: values)
        } else {
            try db.cachedStatement(
                sql: "DELETE FROM objects WHERE grp = ? AND resource = ? AND namespace = ? AND name = ?"
            ).execute(arguments: arguments(change.key))
        }
        var values: StatementArguments = [change.version]
        values += arguments(change.key)
        values += [
            change.old?.version, change.old?.content.note,
            change.old.map { String(decoding: $0.content.bytes, as: UTF8.self) },
        ]
        try db.cachedStatement(
            sql: """
                INSERT INTO history (rv, grp, resource, namespace, name, old_rv, old_note, old_body)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: values)
    }
}
