import DataPlaneAPI
import GRDB

/// The statements on the tables; called with the database held.
enum SQLiteRows {
    /// The number of the newest commit.
    ///
    /// - Throws: when the store has lost it: every write would fail.
    static func currentVersion(_ db: Database) throws -> Int {
        guard let version = try Int.fetchOne(db, sql: "SELECT current FROM revision WHERE id = 1") else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "its table revision is empty")
        }
        return version
    }

    /// Looks whether a file has what a gateway needs of it, beyond what the database checks itself.
    static func check(_ db: Database) throws {
        func damaged(_ why: String) -> DatabaseError { DatabaseError(resultCode: .SQLITE_CORRUPT, message: why) }
        for (table, columns) in [
            ("objects", ["grp", "resource", "namespace", "name", "rv", "note", "body"]),
            ("history", ["rv", "grp", "resource", "namespace", "name", "old_rv", "old_note", "old_body"]),
            ("revision", ["id", "current", "compacted"]),
        ] {
            let found = try String.fetchAll(db, sql: "SELECT name FROM pragma_table_info(?)", arguments: [table])
            guard found == columns else { throw damaged("its table \(table) has other columns") }
        }
        // Code that somebody put into the file would run with every write.
        let others = try String.fetchOne(db, sql: "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')")
        if let others { throw damaged("it has a trigger or view that is none of the gateway's: \(others)") }
        let newest = try Int.fetchOne(
            db,
            sql: "SELECT max(coalesce((SELECT max(rv) FROM objects), 0), coalesce((SELECT max(rv) FROM history), 0))")
        guard try newest ?? 0 <= currentVersion(db) else { throw damaged("it has objects newer than its last commit") }
    }

    static func compactedVersion(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT compacted FROM revision WHERE id = 1") ?? 0
    }

    static func setCurrent(_ db: Database, _ version: Int) throws {
        try db.cachedStatement(sql: "UPDATE revision SET current = ? WHERE id = 1").execute(arguments: [version])
    }

    /// How many bytes the states in the history have.
    static func historyBytes(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT SUM(LENGTH(CAST(old_body AS BLOB))) FROM history") ?? 0
    }

    /// Forgets the oldest changes beyond the limits.
    ///
    /// - Parameter bytes: what the history holds.
    /// - Returns: how many bytes of it are gone.
    static func trim(
        _ db: Database, newest: Int, bytes: Int, _ settings: SQLiteStorage.Settings
    ) throws -> Int {
        var freed = try compact(db, before: newest - max(0, settings.historyLimit))
        while bytes - freed > settings.historyBytes {
            let oldest = try Int.fetchOne(db, sql: "SELECT MIN(rv) FROM history WHERE old_body IS NOT NULL")
            guard let oldest, oldest < newest else { break }
            freed += try compact(db, before: oldest)
        }
        return freed
    }

    /// Forgets changes up to a version.
    ///
    /// - Returns: how many bytes they had.
    static func compact(_ db: Database, before version: Int) throws -> Int {
        guard version > 0 else { return 0 }
        let freed = try Int.fetchOne(
            db.cachedStatement(sql: "SELECT SUM(LENGTH(CAST(old_body AS BLOB))) FROM history WHERE rv <= ?"),
            arguments: [version])
        try db.cachedStatement(sql: "DELETE FROM history WHERE rv <= ?").execute(arguments: [version])
        try db.cachedStatement(sql: "UPDATE revision SET compacted = MAX(compacted, ?) WHERE id = 1")
            .execute(arguments: [version])
        return freed ?? 0
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
            Record(key: key, version: try row.decode(forColumn: "rv"), content: try content(row, "note", "body"))
        }
    }

    // A column may hold anything in a damaged file: values are decoded with an error, never taken for granted.

    private static func content(_ row: Row, _ note: String, _ body: String) throws -> RecordContent {
        RecordContent(
            bytes: Array(try row.decode(String.self, forColumn: body).utf8),
            note: try row.decode(String?.self, forColumn: note))
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
            Record(
                key: try self.key(row), version: try row.decode(forColumn: "rv"),
                content: try content(row, "note", "body"))
        }
    }

    private static func key(_ row: Row) throws -> ObjectKey {
        ObjectKey(
            ResourceID(group: try row.decode(forColumn: "grp"), resource: try row.decode(forColumn: "resource")),
            namespace: try row.decode(forColumn: "namespace"), name: try row.decode(forColumn: "name"))
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
            let key = try key(row)
            var old: Record?
            if try row.decode(String?.self, forColumn: "old_body") != nil {
                old = Record(
                    key: key, version: try row.decode(Int?.self, forColumn: "old_rv") ?? 0,
                    content: try content(row, "old_note", "old_body"))
            }
            let new = if let known = states[key] { known } else { try fetch(db, key) }
            states[key] = .some(old)
            return Change(key: key, version: try row.decode(forColumn: "rv"), new: new, old: old)
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
