import DataPlaneAPI
import GRDB
import Synchronization
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// Records in one SQLite file that one process holds.
///
/// Every commit has one number for the whole store: it rises, survives restarts and is never used twice.
package final class SQLiteStorage: ObjectStorage {
    /// Limits of a storage.
    package struct Settings: Sendable, Hashable {
        /// How many changes are kept for watches that start in the past, also after a restart.
        package var historyLimit = 10_000
        /// How many bytes those changes may hold together.
        package var historyBytes = 64 << 20
        /// How many commits may wait for their turn.
        package var waitingCommits = 1_024
        /// How many bytes those may hold together.
        package var waitingBytes = 64 << 20

        /// The default limits.
        package init() {}
    }

    /// The file.
    private let path: String
    let queue: DatabaseQueue
    let settings: Settings
    let waiting = Mutex(CommitQueue())
    let current: Mutex<Int>
    /// What the history holds; written with the database held.
    let history: Mutex<Int>
    let followers = Mutex<[@Sendable (StorageSignal) -> Void]>([])

    private init(_ path: String, queue: DatabaseQueue, current: Int, history: Int, settings: Settings) {
        self.path = path
        self.queue = queue
        self.settings = settings
        self.current = Mutex(current)
        self.history = Mutex(history)
    }

    /// Opens a file, creating it and its folder as needed; one of an earlier gateway is brought up to date.
    ///
    /// - Throws: `GatewayError` that says what to do about a damaged, locked, unreadable or newer file.
    package static func open(
        _ path: String, settings: Settings = Settings()
    ) async throws(GatewayError) -> SQLiteStorage {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try Folder.create(String(path[..<slash]), mode: 0o700)
        }
        do {
            // Before SQLite makes it: the -wal file gets the permissions that the database has.
            let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            if descriptor >= 0 { Glibc.close(descriptor) }
            let queue = try DatabaseQueue(path: path, configuration: configuration())
            let (current, history) = try await queue.writeWithoutTransaction { db in
                try prepare(db, path: path, settings)
            }
            return SQLiteStorage(path, queue: queue, current: current, history: history, settings: settings)
        } catch {
            throw SQLiteFault.opening(path, error)
        }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "object-store"
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { db in
            // Two gateways on one file would each hand out the same versions: one process holds the file.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        return configuration
    }

    private static func prepare(
        _ db: Database, path: String, _ settings: Settings
    ) throws -> (current: Int, history: Int) {
        let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? ""
        guard verdict == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: verdict) }
        var (current, history) = (1, 0)
        try db.inTransaction(.exclusive) {
            try SQLiteMigrations.run(db, path: path)
            try SQLiteRows.check(db)
            current = try SQLiteRows.currentVersion(db)
            history = try SQLiteRows.historyBytes(db)
            history -= try SQLiteRows.trim(db, newest: current, bytes: history, settings)
            return .commit
        }
        return (current, history)
    }

    /// Closes the file; calls after that fail.
    package func close() async throws(GatewayError) {
        do { try queue.close() } catch { throw SQLiteFault.using(error) }
    }

    func access<T: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(GatewayError) -> T {
        do { return try await queue.writeWithoutTransaction(body) } catch { throw SQLiteFault.using(error) }
    }

    // MARK: Reading

    /// One record.
    package func get(_ key: ObjectKey) async throws(GatewayError) -> Record? {
        try await access { db in try SQLiteRows.fetch(db, key) }
    }

    /// The version of the newest commit; nobody else writes this file.
    package func newest() async throws(GatewayError) -> Int { current.withLock { $0 } }

    /// How many records of a load come at a time.
    private static let pageSize = 500

    /// Gives all records to `page`.
    package func load(
        _ page: @escaping @Sendable ([Record]) throws(GatewayError) -> Void
    ) async throws(GatewayError) -> LoadedState {
        // One turn on the database, so that no commit comes in between.
        do {
            return try await queue.writeWithoutTransaction { db in
                try Self.pages(db, page)
                return LoadedState(
                    version: try SQLiteRows.currentVersion(db), oldest: try SQLiteRows.compactedVersion(db))
            }
        } catch {
            throw SQLiteFault.opening(path, error)
        }
    }

    /// Gives all records to `page`, some at a time.
    static func pages(_ db: Database, _ page: ([Record]) throws -> Void) throws {
        var last: ObjectKey?
        repeat {
            let records = try SQLiteRows.page(db, after: last, limit: pageSize)
            try page(records)
            last = records.count == pageSize ? records.last?.key : nil
        } while last != nil
    }

    /// Tells of every change after a version.
    package func follow(
        after version: Int, _ sink: @escaping @Sendable (StorageSignal) -> Void
    ) async throws(GatewayError) {
        // On the database's turn, so that no commit gets lost or told twice.
        do {
            try await queue.writeWithoutTransaction { [self] db in
                let oldest = try SQLiteRows.compactedVersion(db)
                guard version >= oldest else { return sink(.lost(oldest: oldest)) }
                let changes = try SQLiteRows.history(db, after: version)
                let newest = try SQLiteRows.currentVersion(db)
                sink(changes.isEmpty ? .progress(newest) : .changes(changes, upTo: newest))
                followers.withLock { $0.append(sink) }
            }
        } catch {
            throw SQLiteFault.opening(path, error)
        }
    }

    /// Forgets the history up to a version.
    package func compact(before version: Int) async throws(GatewayError) {
        try await access { [self] db in
            let newest = try SQLiteRows.currentVersion(db)
            var freed = 0
            try db.inTransaction(.immediate) {
                freed = try SQLiteRows.compact(db, before: min(version, newest))
                return .commit
            }
            let gone = freed
            history.withLock { $0 -= gone }
        }
    }
}
