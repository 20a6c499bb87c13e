import DataPlaneAPI
import GRDB

/// The tables of the store, brought up to date step by step.
enum StoreMigrations {
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
        }
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
}
