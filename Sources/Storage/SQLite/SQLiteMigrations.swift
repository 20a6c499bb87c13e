import Bytes
import DataPlaneAPI
import GRDB

/// The tables of the store, brought up to date step by step.
enum SQLiteMigrations {
    /// Each step leads from its index to the next schema version.
    private static let steps: [@Sendable (Database) throws -> Void] = [
        { db in
            try db.execute(
                sql: """
                    CREATE TABLE revision (
                        id INTEGER PRIMARY KEY CHECK (id = 1), current INTEGER NOT NULL, compacted INTEGER NOT NULL
                    );
                    INSERT INTO revision (id, current, compacted) VALUES (1, 1, 0);
                    CREATE TABLE objects (
                        grp TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                        uid TEXT NOT NULL, rv INTEGER NOT NULL, manifest TEXT, body TEXT NOT NULL,
                        PRIMARY KEY (grp, resource, namespace, name)
                    ) WITHOUT ROWID;
                    CREATE TABLE history (
                        rv INTEGER PRIMARY KEY, grp TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL,
                        name TEXT NOT NULL, kind INTEGER NOT NULL, manifest TEXT, body TEXT NOT NULL, previous TEXT
                    );
                    """)
        },
        // Bodies are kept without their resourceVersion. Of a change the state before it is kept, with its version; the
        // state after it is the one before the next change of the same object, or the present one.
        { db in
            try db.execute(
                sql: """
                    ALTER TABLE objects RENAME TO objects_1;
                    ALTER TABLE history RENAME TO history_1;
                    CREATE TABLE objects (
                        grp TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                        rv INTEGER NOT NULL, note TEXT, body TEXT NOT NULL,
                        PRIMARY KEY (grp, resource, namespace, name)
                    ) WITHOUT ROWID;
                    CREATE TABLE history (
                        rv INTEGER PRIMARY KEY, grp TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL,
                        name TEXT NOT NULL, old_rv INTEGER, old_note TEXT, old_body TEXT
                    );
                    INSERT INTO objects SELECT grp, resource, namespace, name, rv, manifest, body FROM objects_1;
                    INSERT INTO history SELECT rv, grp, resource, namespace, name, NULL, manifest, previous FROM history_1;
                    DROP TABLE objects_1;
                    DROP TABLE history_1;
                    """)
            try splitVersions(db)
        },
    ]

    /// The schema version this program writes.
    static var newest: Int { steps.count }

    /// Brings a database up to date, all steps in one transaction.
    ///
    /// - Throws: `GatewayError` when a newer program wrote it.
    static func run(_ db: Database, path: String) throws {
        try db.execute(sql: "CREATE TABLE IF NOT EXISTS store_schema (version INTEGER NOT NULL)")
        let found = try Int.fetchOne(db, sql: "SELECT version FROM store_schema") ?? 0
        guard found <= newest else {
            throw GatewayError(
                .internalError,
                "\(path): the database has schema version \(found), and this gateway knows \(newest) at most; "
                    + "start the newer gateway that wrote it, or restore a backup made before the upgrade")
        }
        guard found >= 0, found < newest else { return }
        for step in steps[found...] { try step(db) }
        try db.execute(sql: "DELETE FROM store_schema")
        try db.execute(sql: "INSERT INTO store_schema (version) VALUES (?)", arguments: [newest])
    }

    /// Takes the resourceVersion out of every body.
    private static func splitVersions(_ db: Database) throws {
        let places = "grp = ? AND resource = ? AND namespace = ? AND name = ?"
        // Keys first: rows are written while they are walked over.
        for row in try Row.fetchAll(db, sql: "SELECT grp, resource, namespace, name FROM objects") {
            let key: StatementArguments = [row["grp"], row["resource"], row["namespace"], row["name"]]
            guard let text = try String.fetchOne(db, sql: "SELECT body FROM objects WHERE \(places)", arguments: key)
            else { continue }
            let body = try split(text, row["name"]).text
            try db.execute(sql: "UPDATE objects SET body = ? WHERE \(places)", arguments: [body] + key)
        }
        for version in try Int.fetchAll(db, sql: "SELECT rv FROM history WHERE old_body IS NOT NULL") {
            guard
                let text = try String.fetchOne(
                    db, sql: "SELECT old_body FROM history WHERE rv = ?", arguments: [version])
            else { continue }
            let old = try split(text, "of version \(version)")
            try db.execute(
                sql: "UPDATE history SET old_body = ?, old_rv = ? WHERE rv = ?",
                arguments: [old.text, old.version, version])
        }
    }

    private static func split(_ text: String, _ name: String) throws -> (text: String, version: Int) {
        var body: JSONValue
        do { body = try JSONValue.parse(text) } catch {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the object \(name) is not JSON: \(error)")
        }
        let version = body["metadata"]?["resourceVersion"]?.asString.flatMap { Int($0) } ?? 0
        if body["metadata"]?.asObject == nil { body["metadata"] = .emptyObject }
        body["metadata"]?["resourceVersion"] = nil
        return (body.text(), version)
    }
}
