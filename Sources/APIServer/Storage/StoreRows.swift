import DataPlaneAPI
import GRDB

/// An object as its row holds it, its text not read yet.
struct StoredRow: Sendable {
    let key: ObjectKey
    let version: Int
    let manifest: String?
    let text: String

    func object() throws -> StoredObject {
        StoredObject(key: key, version: version, manifest: manifest, body: try StoreRows.json(text, key.name))
    }
}

/// A page of rows.
struct RowPage: Sendable {
    var items: [StoredRow]
    var version: Int
    var hasMore: Bool
    var remaining: Int
}

/// The statements on the tables; called with the database held.
enum StoreRows {
    static func currentVersion(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT current FROM revision WHERE id = 1") ?? 1
    }

    static func compactedVersion(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT compacted FROM revision WHERE id = 1") ?? 0
    }

    static func nextVersion(_ db: Database) throws -> Int {
        let (next, overflow) = try currentVersion(db).addingReportingOverflow(1)
        guard !overflow else { throw GatewayError(.internalError, "the store has no versions left") }
        try db.execute(sql: "UPDATE revision SET current = ? WHERE id = 1", arguments: [next])
        return next
    }

    static func trim(_ db: Database, current: Int, limit: Int) throws {
        let oldest = max(0, current &- max(0, limit))
        guard oldest > 0 else { return }
        try db.execute(sql: "DELETE FROM history WHERE rv <= ?", arguments: [oldest])
        try db.execute(
            sql: "UPDATE revision SET compacted = MAX(compacted, ?) WHERE id = 1", arguments: [oldest])
    }

    static func fetch(_ db: Database, _ key: ObjectKey) throws -> StoredObject? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT rv, manifest, body FROM objects
                WHERE grp = ? AND resource = ? AND namespace = ? AND name = ?
                """,
            arguments: [key.resource.group, key.resource.resource, key.namespace, key.name]
        ).map { row in
            StoredObject(
                key: key, version: row["rv"], manifest: row["manifest"], body: try json(row["body"], key.name))
        }
    }

    static func require(_ db: Database, _ key: ObjectKey) throws -> StoredObject {
        guard let object = try fetch(db, key) else {
            throw GatewayError.notFound(key.resource.resource, group: key.resource.group, name: key.name)
        }
        return object
    }

    static func check(_ object: StoredObject, _ conditions: Preconditions) throws {
        let key = object.key
        if let uid = conditions.uid, uid != object.uid {
            throw GatewayError.conflict(
                key.resource.resource, group: key.resource.group, name: key.name,
                why: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.uid)")
        }
        if let version = conditions.resourceVersion, version != String(object.version) {
            throw GatewayError.conflict(
                key.resource.resource, group: key.resource.group, name: key.name,
                why: "Precondition failed: ResourceVersion in precondition: \(version), "
                    + "ResourceVersion in object meta: \(object.version)")
        }
    }

    static func page(
        _ db: Database, _ resource: ResourceID, namespace: String?, limit: Int?, after: ObjectKey?
    ) throws -> RowPage {
        var condition = "grp = ? AND resource = ?"
        var arguments: StatementArguments = [resource.group, resource.resource]
        if let namespace {
            condition += " AND namespace = ?"
            arguments += [namespace]
        }
        if let after {
            condition += " AND (namespace, name) > (?, ?)"
            arguments += [after.namespace, after.name]
        }
        var sql = "SELECT namespace, name, rv, manifest, body FROM objects WHERE \(condition) ORDER BY namespace, name"
        let count = arguments
        if let limit {
            sql += " LIMIT ?"
            arguments += [limit]
        }
        let items = try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
            StoredRow(
                key: ObjectKey(resource, namespace: row["namespace"], name: row["name"]), version: row["rv"],
                manifest: row["manifest"], text: row["body"])
        }
        var remaining = 0
        if let limit, items.count >= limit {
            let total = try Int.fetchOne(
                db, sql: "SELECT COUNT(*) FROM objects WHERE \(condition)", arguments: count)
            remaining = max(0, (total ?? 0) - items.count)
        }
        return RowPage(
            items: items, version: try currentVersion(db), hasMore: remaining > 0, remaining: remaining)
    }

    static func history(
        _ db: Database, _ resource: ResourceID, namespace: String?, after: Int
    ) throws -> [StoreEvent] {
        var sql = """
            SELECT rv, namespace, name, kind, manifest, body, previous FROM history
            WHERE rv > ? AND grp = ? AND resource = ?
            """
        var arguments: StatementArguments = [after, resource.group, resource.resource]
        if let namespace {
            sql += " AND namespace = ?"
            arguments += [namespace]
        }
        return try Row.fetchAll(db, sql: sql + " ORDER BY rv", arguments: arguments).map { row in
            let key = ObjectKey(resource, namespace: row["namespace"], name: row["name"])
            let previous: String? = row["previous"]
            return StoreEvent(
                kind: StoreEvent.Kind(rawValue: row["kind"]) ?? .modified,
                object: StoredObject(
                    key: key, version: row["rv"], manifest: row["manifest"], body: try json(row["body"], key.name)),
                previous: try previous.map { try json($0, key.name) })
        }
    }

    static func write(_ db: Database, _ event: StoreEvent) throws {
        let object = event.object
        let key = object.key
        let body = object.body.text()
        if event.kind == .deleted {
            try db.execute(
                sql: "DELETE FROM objects WHERE grp = ? AND resource = ? AND namespace = ? AND name = ?",
                arguments: [key.resource.group, key.resource.resource, key.namespace, key.name])
        } else {
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO objects (grp, resource, namespace, name, uid, rv, manifest, body)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    key.resource.group, key.resource.resource, key.namespace, key.name, object.uid, object.version,
                    object.manifest, body,
                ])
        }
        try db.execute(
            sql: """
                INSERT INTO history (rv, grp, resource, namespace, name, kind, manifest, body, previous)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                object.version, key.resource.group, key.resource.resource, key.namespace, key.name,
                event.kind.rawValue, object.manifest, body, event.previous?.text(),
            ])
    }

    static func json(_ text: String, _ name: String) throws -> JSONValue {
        do { return try JSONValue.parse(text) } catch {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the object \(name) is not JSON: \(error)")
        }
    }
}
