import DataPlaneAPI
import GRDB
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

extension SQLiteStorage {
    /// How far the versions of a restored store are moved on.
    ///
    /// Clients may know versions that the store gave out after its backup was made; none of them may come again with
    /// another meaning. etcd's own tool moves by as much (`etcdutl snapshot restore --bump-revision`).
    static let restoreStep = 1_000_000_000

    /// Writes a consistent copy of the running store into a new file.
    ///
    /// Writes wait meanwhile, reads don't notice; what was acknowledged before the call is in the copy.
    ///
    /// - Throws: `GatewayError` when the file exists already or can't be written.
    package func copy(to path: String) async throws(GatewayError) {
        do {
            try await queue.writeWithoutTransaction { db in
                try db.execute(sql: "VACUUM INTO ?", arguments: [path])
            }
        } catch {
            throw SQLiteFault.using(error)
        }
    }

    /// Puts a copy in the place of the store of a gateway that doesn't run.
    ///
    /// The store that was there stays beside it, under the name that is returned.
    ///
    /// - Parameters:
    ///   - backup: the copy; it isn't changed.
    ///   - path: the store's file.
    /// - Returns: the name of what was there before; nil when nothing was.
    /// - Throws: `GatewayError` when the copy is damaged or of a newer gateway; nothing is changed then.
    package static func restore(_ backup: String, to path: String) async throws(GatewayError) -> String? {
        guard let facts = FileFacts(backup), !facts.isFolder else {
            throw GatewayError(.badRequest, "\(backup): is not a file; give one that the command backup wrote")
        }
        // SQLite makes a database of an empty file without a word.
        guard facts.size > 0 else {
            throw GatewayError(.badRequest, "\(backup): is empty; give a file that the command backup wrote")
        }
        let incoming = "\(path).restore-\(getpid())"
        defer { for end in ["", "-wal", "-shm"] { unlink(incoming + end) } }
        try NewFile.copy(backup, to: incoming, mode: 0o600)
        do {
            let queue = try DatabaseQueue(path: incoming)
            // A copy of our own: SQLite brings it to disk with the commit.
            try await queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try prepareRestored(db, path: backup)
            }
            try queue.close()
        } catch {
            throw SQLiteFault.opening(backup, error)
        }
        let kept = FileFacts(path) == nil ? nil : Self.freeName(path)
        // Of a store that wasn't closed in order, the last writes are in the -wal file: it goes with it.
        for end in ["", "-wal"] where FileFacts(path + end) != nil {
            guard let kept, rename(path + end, kept + end) == 0 else {
                throw GatewayError(
                    .internalError, "\(path + end): can't be moved aside: \(String(cString: strerror(errno)))")
            }
        }
        unlink(path + "-shm")
        guard rename(incoming, path) == 0 else {
            throw GatewayError(
                .internalError, "\(path): can't be put in place: \(String(cString: strerror(errno)))")
        }
        return kept
    }

    /// A name beside a file that nothing has yet: what was there is never lost, however quickly restores follow.
    private static func freeName(_ path: String) -> String {
        let name = "\(path).before-restore-\(WallClock.milliseconds() / 1_000)"
        var (free, number) = (name, 1)
        while ["", "-wal"].contains(where: { FileFacts(free + $0) != nil }) {
            number += 1
            free = "\(name)-\(number)"
        }
        return free
    }

    private static func prepareRestored(_ db: Database, path: String) throws {
        let verdict = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") ?? ""
        guard verdict == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: verdict) }
        guard try db.tableExists("store_schema") else {
            throw DatabaseError(resultCode: .SQLITE_NOTADB, message: "it has no table store_schema")
        }
        try db.inTransaction(.immediate) {
            try SQLiteMigrations.run(db, path: path)
            try SQLiteRows.check(db)
            // Every object, as a start reads it: what no gateway could run with takes no store's place.
            try pages(db) { records in for record in records { _ = try StoredObject(record) } }
            _ = try SQLiteRows.history(db, after: 0)
            let (moved, overflow) = try SQLiteRows.currentVersion(db).addingReportingOverflow(restoreStep)
            guard !overflow else { throw GatewayError(.internalError, "\(path): the store has no versions left") }
            try db.execute(sql: "DELETE FROM history")
            try db.execute(
                sql: "UPDATE revision SET current = ?, compacted = ? WHERE id = 1", arguments: [moved, moved])
            return .commit
        }
    }
}
